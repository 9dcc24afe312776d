package dev.troupe.model.kernel.quantized;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.troupe.model.kernel.TestTensors;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.vector.Rows;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Loops that are machine code give the bits of those by the Vector API. */
class WrittenPanelsTest {
    private static final long SEED = 11;
    private static final int PANELS = 5;
    private static final int COLUMNS = PanelFormat.COLUMNS;

    private final TensorArena arena = TensorArena.open("test");

    @AfterEach
    void close() {
        arena.close();
    }

    private static PanelFormat written(StorageType type) {
        assumeThat(MachineCode.unavailable("avx512vbmi"))
                .as("why it does not run")
                .isEmpty();
        assumeThat(PanelFormat.PAIR)
                .as("columns of two vectors: loops have all of a panel")
                .isEqualTo(COLUMNS);
        PanelFormat format = PanelFormat.of(type);
        assertThat(format).isInstanceOf(WrittenPanels.class);
        return format;
    }

    /** As many panels at once as the loops take, and those that are left over. */
    @ParameterizedTest
    @EnumSource(
            value = StorageType.class,
            names = {"Q8_0", "Q4_0", "F16", "BF16"})
    void haveTheSameBits(StorageType type) {
        PanelFormat written = written(type);
        for (int k : new int[] {32, 96, 512}) {
            Tensor rows = TestTensors.normal(arena, SEED, PANELS * COLUMNS, k);
            MemorySegment stored = arena.allocateBytes(PANELS * COLUMNS * type.bytes(k));
            Quantization.write(type, rows.size(), rows.segment(), stored);
            compare(type, written, k, stored);
        }
    }

    /** Inputs that no turn of a loop is made of. */
    @ParameterizedTest
    @EnumSource(
            value = StorageType.class,
            names = {"F16", "BF16"})
    void haveTheSameBitsForAnyNumberOfInputs(StorageType type) {
        PanelFormat written = written(type);
        for (int k : new int[] {1, 3, 17}) {
            Tensor rows = TestTensors.normal(arena, SEED, PANELS * COLUMNS, k);
            MemorySegment stored = arena.allocateBytes(PANELS * COLUMNS * type.bytes(k));
            Quantization.write(type, rows.size(), rows.segment(), stored);
            compare(type, written, k, stored);
        }
    }

    /**
     * All numbers that a byte can be, or two in a byte, below the greatest, the least and other scales of both signs.
     */
    @ParameterizedTest
    @EnumSource(
            value = StorageType.class,
            names = {"Q8_0", "Q4_0"})
    void allNumbersAndAllKindsOfScalesHaveTheSameBits(StorageType type) {
        PanelFormat written = written(type);
        short[] scales = {0x7BFF, 0x0001, 0x03FF, 0x0400, (short) 0xFBFF, (short) 0x8001, 0x3C01, 0x2FFF};
        int k = 512;
        int scaleBytes = Short.BYTES; // before the numbers, in both types
        int blocks = k / BlockLayout.SMALL;
        MemorySegment stored = arena.allocateBytes(PANELS * COLUMNS * type.bytes(k));
        for (int row = 0; row < PANELS * COLUMNS; row++) {
            for (int b = 0; b < blocks; b++) {
                long block = row * type.bytes(k) + (long) b * type.blockBytes();
                stored.set(ValueLayout.JAVA_SHORT_UNALIGNED, block, scales[(row + b) % scales.length]);
                int bytes = type.blockBytes() - scaleBytes;
                for (int i = 0; i < bytes; i++) {
                    byte number = (byte) (row * 37 + b * bytes + i);
                    stored.set(ValueLayout.JAVA_BYTE, block + scaleBytes + i, number);
                }
            }
        }
        compare(type, written, k, stored);
    }

    /** Each byte in its place, and the scales; a panel with a column less is laid out without machine code. */
    @Test
    void wholePanelsOfBytesAreLaidOutAsOthers() {
        StorageType type = StorageType.Q8_0;
        PanelFormat format = written(type);
        int k = 160;
        long rowBytes = type.bytes(k);
        MemorySegment stored = arena.allocateBytes(COLUMNS * rowBytes);
        for (long i = 0; i < stored.byteSize(); i++) {
            stored.set(ValueLayout.JAVA_BYTE, i, (byte) (i * 151 + i / 251));
        }
        MemorySegment whole = arena.allocateBytes(format.bytes(k));
        MemorySegment less = arena.allocateBytes(format.bytes(k));
        format.pack(COLUMNS, k, stored, whole);
        format.pack(COLUMNS - 1, k, stored, less);
        int run = COLUMNS * (Short.BYTES + BlockLayout.SMALL);
        for (int i = 0; i < k; i++) {
            long scales = (long) i / BlockLayout.SMALL * run;
            long line = scales + COLUMNS * 2L + (long) i % BlockLayout.SMALL * COLUMNS;
            for (int c = 0; c < COLUMNS; c++) {
                long block = c * rowBytes + (long) i / BlockLayout.SMALL * type.blockBytes();
                byte number =
                        stored.get(ValueLayout.JAVA_BYTE, block + BlockLayout.Q8_0_NUMBERS + i % BlockLayout.SMALL);
                short scale = stored.get(ValueLayout.JAVA_SHORT_UNALIGNED, block + BlockLayout.Q8_0_SCALE);
                assertThat(whole.get(ValueLayout.JAVA_BYTE, line + c)).isEqualTo(number);
                assertThat(whole.get(ValueLayout.JAVA_SHORT_UNALIGNED, scales + c * 2L))
                        .isEqualTo(scale);
                if (c < COLUMNS - 1) {
                    assertThat(less.get(ValueLayout.JAVA_BYTE, line + c)).isEqualTo(number);
                    assertThat(less.get(ValueLayout.JAVA_SHORT_UNALIGNED, scales + c * 2L))
                            .isEqualTo(scale);
                }
            }
        }
    }

    private void compare(StorageType type, PanelFormat written, int k, MemorySegment stored) {
        PanelFormat vector = PanelFormats.vector(type);
        long panelBytes = vector.bytes(k);
        MemorySegment panels = arena.allocateBytes(PANELS * panelBytes);
        for (int p = 0; p < PANELS; p++) {
            MemorySegment rows = stored.asSlice((long) p * COLUMNS * type.bytes(k));
            vector.pack(COLUMNS, k, rows, panels.asSlice(p * panelBytes, panelBytes));
        }
        Tensor a = TestTensors.normal(arena, SEED + k, RowLoop.MOST_ROWS, k);
        Tensor scaled = arena.allocate(RowLoop.MOST_ROWS, k);
        Rows.scale((int) a.size(), a.address(), written.rowFactor(), scaled.address());
        Tensor expected = arena.allocate(RowLoop.MOST_ROWS, PANELS * COLUMNS);
        for (int r = 0; r < RowLoop.MOST_ROWS; r++) {
            MemorySegment.copy(
                    row(vector, k, scaled.address() + 4L * r * k, panels),
                    0,
                    expected.segment(),
                    (long) r * PANELS * PanelFormat.SUMS,
                    PANELS * PanelFormat.SUMS);
        }
        Tensor one = arena.allocate(1, PANELS * COLUMNS);
        one.segment().copyFrom(row(written, k, scaled.address(), panels));
        assertThat(one.toArray())
                .as("%s, %d inputs, one row", type, k)
                .isEqualTo(Arrays.copyOf(expected.toArray(), PANELS * COLUMNS));
        for (int rows = 2; rows <= written.mostRows(); rows++) {
            float[] sums = rows(written, rows, k, a, panels);
            assertThat(sums)
                    .as("%s, %d inputs, %d rows", type, k, rows)
                    .isEqualTo(Arrays.copyOf(expected.toArray(), rows * PANELS * COLUMNS));
        }
    }

    private MemorySegment row(PanelFormat format, int k, long a, MemorySegment panels) {
        long panelBytes = format.bytes(k);
        MemorySegment sums = arena.allocateBytes(PANELS * PanelFormat.SUMS);
        MemorySegment table = arena.allocateBytes(PanelFormat.TABLE_BYTES);
        for (int p = 0; p < PANELS; p += format.most()) {
            for (int column = 0; column < COLUMNS; column += PanelFormat.PAIR) {
                format.multiply(
                        Math.min(format.most(), PANELS - p),
                        k,
                        a,
                        panels.address() + p * panelBytes,
                        panelBytes,
                        table.address(),
                        column,
                        sums.address() + p * PanelFormat.SUMS + column * 4L);
            }
        }
        return sums;
    }

    private float[] rows(PanelFormat format, int rows, int k, Tensor a, MemorySegment panels) {
        Tensor all = arena.allocate(rows, PANELS * COLUMNS);
        Tensor sums = arena.allocate(rows, 2 * COLUMNS);
        for (int p = 0; p < PANELS; p++) {
            long panel = panels.address() + p * format.bytes(k);
            format.multiplyRows(rows, k, a.address(), k * 4L, panel, sums.address());
            for (int r = 0; r < rows; r++) {
                for (int c = 0; c < COLUMNS; c++) {
                    all.set(((long) r * PANELS + p) * COLUMNS + c, sums.get(r * 2L * COLUMNS + c));
                }
            }
        }
        return all.toArray();
    }
}
