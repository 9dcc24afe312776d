package dev.troupe.model.kernel.machine;

import static dev.troupe.model.kernel.machine.Address.at;
import static dev.troupe.model.kernel.machine.Address.each;
import static dev.troupe.model.kernel.machine.Register.R8;
import static dev.troupe.model.kernel.machine.Register.R9;
import static dev.troupe.model.kernel.machine.Register.RCX;
import static dev.troupe.model.kernel.machine.Register.RDI;
import static dev.troupe.model.kernel.machine.Register.RDX;
import static dev.troupe.model.kernel.machine.Register.RSI;
import static dev.troupe.model.kernel.machine.VectorRegister.zmm;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.troupe.model.kernel.cache.Processor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Code is called with its arguments and leaves its results in memory. */
class MachineCodeTest {
    private static void assumeItRunsHere() {
        MachineCode.unavailable().ifPresent(reason -> assumeTrue(false, reason));
    }

    /** Writes lanes' numbers, each time in another order, from the sixth argument on. */
    @Test
    void lanesAreNumberedAndSwapped() {
        assumeItRunsHere();
        Assembler code = new Assembler();
        code.lanes(zmm(17));
        int[] swaps = {8, 4, 2, 1};
        for (int i = 0; i < swaps.length; i++) {
            code.swap(zmm(3), zmm(17), swaps[i]);
            code.vmovups(at(R9, i * 64), zmm(3));
        }
        code.ret();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment to = arena.allocate(ValueLayout.JAVA_INT, swaps.length * 16L);
            MachineCode.install(code).run(0, 0, 0, 0, 0, to.address());
            for (int i = 0; i < swaps.length * 16; i++) {
                assertThat(to.getAtIndex(ValueLayout.JAVA_INT, i)).isEqualTo(i % 16 ^ swaps[i / 16]);
            }
        }
    }

    /** Adds the third and the fifth argument to ints, 16 at a time, as often as the fourth says. */
    @Test
    void runsWithFiveArguments() {
        assumeItRunsHere();
        Label loop = new Label();
        Assembler code = new Assembler();
        code.vpbroadcastd(zmm(20), RDX);
        code.vpbroadcastd(zmm(31), R8);
        code.vpaddd(zmm(20), zmm(20), zmm(31));
        code.mov(R9, RCX);
        code.place(loop);
        code.vpaddd(zmm(1), zmm(20), at(RDI, 0));
        code.vmovups(at(RSI, 0), zmm(1));
        code.add(RDI, 64);
        code.add(RSI, 64);
        code.dec(R9);
        code.jump(Condition.NOT_ZERO, loop);
        code.ret();
        MachineCode function = MachineCode.install(code);
        try (Arena arena = Arena.ofConfined()) {
            int count = 48;
            MemorySegment from = arena.allocate(ValueLayout.JAVA_INT, count);
            MemorySegment to = arena.allocate(ValueLayout.JAVA_INT, count + 1);
            for (int i = 0; i < count; i++) {
                from.setAtIndex(ValueLayout.JAVA_INT, i, i * i);
            }
            to.setAtIndex(ValueLayout.JAVA_INT, count, 7);
            function.run(from.address(), to.address(), 1000, count / 16, 5);
            for (int i = 0; i < count; i++) {
                assertThat(to.getAtIndex(ValueLayout.JAVA_INT, i)).isEqualTo(i * i + 1005);
            }
            assertThat(to.getAtIndex(ValueLayout.JAVA_INT, count))
                    .as("what is after it")
                    .isEqualTo(7);
        }
    }

    /** Bytes without a sign times bytes with one, of the greatest magnitudes. */
    @Test
    void multipliesBytes() {
        assumeItRunsHere();
        Assembler code = new Assembler();
        code.vmovups(zmm(0), at(RDI, 0));
        code.vpxord(zmm(1), zmm(1), zmm(1));
        code.vpdpbusd(zmm(1), zmm(0), each(RSI, 4));
        code.vmovups(at(RDX, 0), zmm(1));
        code.ret();
        MachineCode function = MachineCode.install(code);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(64);
            MemorySegment four = arena.allocate(8);
            MemorySegment sums = arena.allocate(64);
            for (int i = 0; i < 64; i++) {
                bytes.set(ValueLayout.JAVA_BYTE, i, (byte) (255 - i));
            }
            byte[] signed = {-128, 127, -1, 3};
            MemorySegment.copy(signed, 0, four, ValueLayout.JAVA_BYTE, 4, 4);
            function.run(bytes.address(), four.address(), sums.address(), 0, 0);
            for (int lane = 0; lane < 16; lane++) {
                int expected = 0;
                for (int i = 0; i < 4; i++) {
                    expected += (255 - lane * 4 - i) * signed[i];
                }
                assertThat(sums.getAtIndex(ValueLayout.JAVA_INT, lane)).isEqualTo(expected);
            }
        }
    }

    @Test
    void whereItDoesNotRunItSaysWhy() {
        Processor able = new Processor(
                "GenuineIntel", Set.of("avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni", "avx2"));
        Processor older = new Processor("GenuineIntel", Set.of("avx2"));
        assertThat(MachineCode.problem("on", "Linux amd64", able, () -> true)).isEmpty();
        assertThat(MachineCode.problem("off", "Linux amd64", able, () -> true)).contains("troupe.machine_code is off");
        assertThat(MachineCode.problem("on", "Mac OS X aarch64", able, () -> true)
                        .orElse(""))
                .contains("Linux on x86-64", "Mac OS X aarch64");
        assertThat(MachineCode.problem("on", "Linux amd64", older, () -> true))
                .contains("the processor has no avx512f");
        assertThat(MachineCode.problem("on", "Linux amd64", able, () -> false).orElse(""))
                .contains("execute no memory");
    }
}
