package dev.troupe.model.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class NativeFunctionTest {
    private static NativeFunction linux(String name) {
        Optional<NativeFunction> function = NativeFunction.ofLinux(name);
        assumeTrue(function.isPresent(), name + ": this is not Linux on 64 bits");
        return function.orElseThrow();
    }

    @Test
    void fewerArgumentsThanACallHasAreThoseOfTheFunction() {
        assertThat((int) linux("getpid").call())
                .isEqualTo((int) ProcessHandle.current().pid());
        assertThat((int) linux("abs").call(-7)).isEqualTo(7);
        assertThat(linux("labs").call(Long.MIN_VALUE + 1)).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void allSevenArriveIntsAmongThem() {
        NativeFunction snprintf = linux("snprintf");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(64);
            MemorySegment format = arena.allocateFrom("%d %ld %d %ld");
            long length = snprintf.call(
                    text.address(), text.byteSize(), format.address(), -1, Long.MIN_VALUE, Integer.MAX_VALUE, 5);
            assertThat(text.getString(0)).isEqualTo("-1 -9223372036854775808 2147483647 5");
            assertThat((int) length).isEqualTo(text.getString(0).length());
        }
    }

    @Test
    void whatTheCLibraryDoesNotHaveIsEmpty() {
        assertThat(NativeFunction.ofLinux("no_such_function")).isEmpty();
    }
}
