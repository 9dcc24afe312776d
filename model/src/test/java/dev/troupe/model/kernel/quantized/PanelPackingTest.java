package dev.troupe.model.kernel.quantized;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A whole panel is laid out by machine code as its columns are without it, whatever their bits are. That the last
 * column is there, too, is seen in products (WeightProductTest).
 */
class PanelPackingTest {
    private static final byte UNTOUCHED = 99;
    private static final int GREATEST_HALF = 0x5800; // below 128, all float16s that fit
    private static final int SIGN = 0x8000;

    /** Float16s of all kinds: of both signs, zero, below the normal ones, and as great as may be. */
    private static short half(SplittableRandom random) {
        int magnitude = switch (random.nextInt(4)) {
            case 0 -> random.nextInt(1 << 10);
            case 1 -> 0;
            default -> random.nextInt(GREATEST_HALF);
        };
        return (short) (magnitude | (random.nextBoolean() ? SIGN : 0));
    }

    private static void fill(StorageType type, MemorySegment rows, SplittableRandom random) {
        for (long i = 0; i < rows.byteSize(); i++) {
            rows.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
        }
        if (type != StorageType.BF16) {
            for (long block = 0; block < rows.byteSize(); block += type.blockBytes()) {
                rows.set(ValueLayout.JAVA_SHORT_UNALIGNED, block, half(random));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = StorageType.class,
            names = {"F16", "BF16", "Q8_0", "Q4_0"})
    void wholePanelsAreLaidOutAsTheirColumns(StorageType type) {
        assumeTrue(
                MachineCode.unavailable(WrittenPanels.BYTES).isEmpty(),
                () -> MachineCode.unavailable(WrittenPanels.BYTES).orElse(""));
        PanelFormat format = PanelFormat.of(type);
        SplittableRandom random = new SplittableRandom(1);
        for (int k : new int[] {32, 64, 96, 2048}) {
            try (Arena arena = Arena.ofConfined()) {
                int columns = PanelFormat.COLUMNS;
                MemorySegment rows = arena.allocate(columns * type.bytes(k), 2);
                fill(type, rows, random);
                rows.asSlice((columns - 1) * type.bytes(k)).fill((byte) 0); // as if there were no such column
                MemorySegment whole = arena.allocate(format.bytes(k) + 1, Long.BYTES);
                whole.set(ValueLayout.JAVA_BYTE, format.bytes(k), UNTOUCHED);
                format.pack(columns, k, rows, whole.asSlice(0, format.bytes(k)));
                MemorySegment byColumns = arena.allocate(format.bytes(k), Long.BYTES);
                format.pack(columns - 1, k, rows, byColumns);
                assertThat(whole.asSlice(0, format.bytes(k)).mismatch(byColumns))
                        .as("first byte of %s, k %d, that differs", type, k)
                        .isEqualTo(-1);
                assertThat(whole.get(ValueLayout.JAVA_BYTE, format.bytes(k)))
                        .as("beyond the panel")
                        .isEqualTo(UNTOUCHED);
            }
        }
    }
}
