package dev.troupe.model.kernel.vector;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class ByteTranspositionTest {
    private static final int SIZE = ByteTransposition.SIZE;

    @Test
    void columnsBecomeRows() {
        long fromStep = 34;
        long toStep = 32;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment from = arena.allocate(SIZE * fromStep);
            MemorySegment to = arena.allocate(SIZE * toStep);
            for (int i = 0; i < from.byteSize(); i++) {
                from.set(ValueLayout.JAVA_BYTE, i, (byte) (i * 37 + 11));
            }
            ByteTransposition.turn(from.address() + 2, fromStep, to.address() + 8, toStep);
            for (int row = 0; row < SIZE; row++) {
                for (int column = 0; column < toStep; column++) {
                    byte expected = column < 8 || column >= 16
                            ? 0
                            : from.get(ValueLayout.JAVA_BYTE, (column - 8) * fromStep + 2 + row);
                    assertThat(to.get(ValueLayout.JAVA_BYTE, row * toStep + column))
                            .isEqualTo(expected);
                }
            }
        }
    }
}
