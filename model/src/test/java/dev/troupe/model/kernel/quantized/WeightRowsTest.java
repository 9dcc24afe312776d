package dev.troupe.model.kernel.quantized;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rows that are read to be laid out. */
class WeightRowsTest {
    private static final int BLOCKS = 3;
    private static final int ROWS = 4;
    private static final short INFINITY = 0x7C00;
    private static final short NEGATIVE_NAN = (short) 0xFC01;
    private static final short GREATEST = (short) 0xFBFF;

    private static final SegmentAllocator NO_ROOM = (bytes, alignment) -> {
        throw new AssertionError("nothing is to be copied");
    };

    private static MemorySegment zeros(StorageType type) {
        return Arena.ofAuto().allocate(ROWS * BLOCKS * (long) type.blockBytes(), Long.BYTES);
    }

    private static WeightRows rows(StorageType type, MemorySegment bytes) {
        return WeightRows.of(type, ROWS, BLOCKS * type.blockElements(), bytes);
    }

    /** @param half where a float16 is in a block */
    @ParameterizedTest
    @CsvSource({"F16, 0", "Q8_0, 0", "Q4_0, 0", "Q4_K, 0", "Q4_K, 2", "Q6_K, 208"})
    void aFloat16ThatIsNotFiniteIsRefusedByItsBlock(StorageType type, int half) {
        long rowBytes = BLOCKS * (long) type.blockBytes();
        for (short number : new short[] {INFINITY, NEGATIVE_NAN, GREATEST}) {
            for (int block = 0; block < BLOCKS; block++) {
                MemorySegment bytes = zeros(type);
                long at = 2 * rowBytes + block * (long) type.blockBytes();
                bytes.set(ValueLayout.JAVA_SHORT_UNALIGNED, at + half, number);
                WeightRows rows = rows(type, bytes);
                assertThatCode(() -> rows.readFinite(0, 2, NO_ROOM)).doesNotThrowAnyException();
                if (number == GREATEST) {
                    assertThat(rows.readFinite(1, 3, NO_ROOM).byteSize()).isEqualTo(3 * rowBytes);
                } else {
                    assertThatIllegalArgumentException()
                            .isThrownBy(() -> rows.readFinite(1, 3, NO_ROOM))
                            .withMessageContaining("not finite at byte " + at);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"F32", "BF16"})
    void typesWithoutFloat16HoldAnything(StorageType type) {
        MemorySegment bytes = zeros(type);
        bytes.fill((byte) 0xFF);
        assertThat(rows(type, bytes).readFinite(0, ROWS, NO_ROOM).byteSize()).isEqualTo(bytes.byteSize());
    }

    /** All bits, scales of both signs and as small as float16 has them, and nothing beyond the last. */
    @Test
    void eightBitsAreUnpackedAsTheDefinitionSays() {
        SplittableRandom random = new SplittableRandom(1);
        for (int blocks : new int[] {0, 1, 2, 5, 64}) {
            int elements = blocks * BlockLayout.SMALL;
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment stored = arena.allocate(StorageType.Q8_0.bytes(elements), 2);
                for (long i = 0; i < stored.byteSize(); i++) {
                    stored.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
                }
                for (int block = 0; block < blocks; block++) {
                    long at = block * (long) StorageType.Q8_0.blockBytes();
                    short bits = (short) (random.nextInt(0x7C00) | (random.nextInt(2) << 15));
                    stored.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, block == 1 ? 1 : bits);
                }
                MemorySegment defined = arena.allocate(elements * 4L + 4, Float.BYTES);
                MemorySegment unpacked = arena.allocate(elements * 4L + 4, Float.BYTES);
                Dequantization.read(StorageType.Q8_0, elements, stored, defined);
                RowUnpacking.read(StorageType.Q8_0, elements, stored, unpacked);
                assertThat(unpacked.mismatch(defined)).isEqualTo(-1);
            }
        }
    }
}
