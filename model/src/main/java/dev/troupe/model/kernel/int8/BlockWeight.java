package dev.troupe.model.kernel.int8;

import static dev.troupe.model.kernel.KernelArguments.requireWeightProduct;

import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.quantized.BlockLayout;
import dev.troupe.model.kernel.quantized.WeightRows;
import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.tensor.LayoutMemory;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * A weight W [n, k] of Q8_0, Q4_0 or Q4_K in panels of {@link #COLUMNS} outputs, its numbers as they are. Those of a
 * run of 32 inputs are [8][{@link #COLUMNS}] ints of four each, plus {@link #ZERO_OF_EIGHT}, or [4][{@link #COLUMNS}]
 * ints of eight each, the first in the lowest bits. Before them
 *
 * <ul>
 *   <li>Q8_0 and Q4_0 have [{@link #COLUMNS}] float16 scales;
 *   <li>Q4_K has [{@link #COLUMNS}] bytes of scales and as many of minima, and before each 256 inputs their float16
 *       scales, first of the scales, then of the minima.
 * </ul>
 *
 * Outputs beyond n have scales of zero.
 */
public record BlockWeight(StorageType type, int n, int k, MemorySegment data) {
    /** Inputs that share a scale. */
    static final int RUN = BlockLayout.SMALL;

    /** Outputs of a panel: two vectors of ints. */
    static final int COLUMNS = 2 * Lanes.LANES;

    /** What is subtracted from a number of four bits before it is multiplied: sums then fit 16 bits. */
    static final int ZERO = 8;

    /** What is added to a number of eight bits: dot instructions want one operand without a sign. */
    static final int ZERO_OF_EIGHT = 128;

    /** Which adds {@link #ZERO_OF_EIGHT} to each of four bytes, without a carry. */
    static final int TOP_BITS = 0x80_80_80_80;

    /** Bytes of the float16 numbers before a run of Q8_0 and Q4_0, and of each of both before a block of Q4_K. */
    static final long HALVES = COLUMNS * (long) Short.BYTES;

    /** Numbers of an int of four bits each. */
    static final int PER_INT = 8;

    /** Numbers of an int of eight bits each. */
    static final int BYTES_PER_INT = 4;

    /** Ints of a column and a run of four bits. */
    static final int STEPS = RUN / PER_INT;

    /** Bytes of one such int of all columns. */
    static final long ROW = COLUMNS * (long) Integer.BYTES;

    /** Ints of a column and a run of eight bits. */
    static final int BYTE_STEPS = RUN / BYTES_PER_INT;

    /** Bytes of the numbers of a run of four bits. */
    private static final long NUMBERS = STEPS * ROW;

    /** Bytes of a run of Q8_0, its scales first. */
    static final long BYTE_RUN = HALVES + BYTE_STEPS * ROW;

    /** Bytes of a run of Q4_0, its scales first. */
    static final long SMALL_RUN = HALVES + NUMBERS;

    /** Bytes of a run of Q4_K, its scales and minima first. */
    static final long LARGE_RUN = 2L * COLUMNS + NUMBERS;

    /** Runs of a block of Q4_K. */
    static final int LARGE_RUNS = BlockLayout.LARGE / RUN;

    /** Bytes of a block of Q4_K. */
    static final long LARGE_BLOCK = 2 * HALVES + LARGE_RUNS * LARGE_RUN;

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Whether weights of this type can be laid out so: each 32 inputs have a scale. */
    public static boolean holds(StorageType type) {
        return type == StorageType.Q8_0 || hasFourBits(type);
    }

    /** Whether weights of this type have four bits a number. */
    public static boolean hasFourBits(StorageType type) {
        return type == StorageType.Q4_0 || type == StorageType.Q4_K;
    }

    static int panels(int n) {
        return Math.ceilDiv(n, COLUMNS);
    }

    static long panelBytes(StorageType type, int k) {
        return type == StorageType.Q4_K ? k / BlockLayout.LARGE * LARGE_BLOCK : k / RUN * runBytes(type);
    }

    /** Of a type whose runs are blocks. */
    private static long runBytes(StorageType type) {
        return type == StorageType.Q8_0 ? BYTE_RUN : SMALL_RUN;
    }

    long panelBytes() {
        return panelBytes(type, k);
    }

    /**
     * Lays a weight out. The rows are not needed afterwards.
     *
     * @param rows of a type that {@link #holds} names
     * @param memory for the layout
     * @throws IllegalArgumentException when their type is another, or a float16 in them is not finite
     */
    public static BlockWeight pack(WeightRows rows, ComputePool pool, LayoutMemory memory) {
        StorageType type = rows.type();
        int n = rows.n();
        int k = rows.k();
        if (!holds(type)) {
            throw new IllegalArgumentException("weights in " + type + " have no scale for each " + RUN + " inputs");
        }
        long bytes = panels(n) * panelBytes(type, k);
        String form = (hasFourBits(type) ? "four_bits." : "eight_bits.") + type + "." + COLUMNS;
        return new BlockWeight(type, n, k, memory.lay(form, bytes, data -> write(rows, pool, data)));
    }

    private static void write(WeightRows rows, ComputePool pool, MemorySegment data) {
        int n = rows.n();
        int k = rows.k();
        BlockWeight weight = new BlockWeight(rows.type(), n, k, data);
        boolean byCode = BlockPacking.packs(rows.type());
        pool.run(panels(n), panel -> {
            try (Arena working = Arena.ofConfined()) {
                if (byCode && n - panel * COLUMNS >= COLUMNS) {
                    MemorySegment room = working.allocate(COLUMNS * rows.rowBytes());
                    MemorySegment found = rows.readFinite(panel * COLUMNS, COLUMNS, room);
                    BlockPacking.pack(rows.type(), k, found.address(), data.address() + panel * weight.panelBytes());
                    return;
                }
                MemorySegment room = working.allocate(rows.rowBytes());
                for (int j = panel * COLUMNS; j < Math.min(n, (panel + 1) * COLUMNS); j++) {
                    MemorySegment row = rows.readFinite(j, 1, room);
                    for (int run = 0; run < k / RUN; run++) {
                        weight.packRun(row, j, run);
                    }
                }
            }
        });
    }

    private void packRun(MemorySegment row, int j, int run) {
        int c = j % COLUMNS;
        long at = runAt(j, run);
        if (type == StorageType.Q8_0) {
            long block = (long) run * type.blockBytes();
            data.set(SHORT, at + c * 2L, (short) BlockLayout.bits16(row, block + BlockLayout.Q8_0_SCALE));
            for (int step = 0; step < BYTE_STEPS; step++) {
                int four = row.get(INT, block + BlockLayout.Q8_0_NUMBERS + step * (long) Integer.BYTES);
                data.set(INT, at + HALVES + step * ROW + c * 4L, four ^ TOP_BITS);
            }
            return;
        }
        if (type == StorageType.Q4_0) {
            long block = (long) run * type.blockBytes();
            data.set(SHORT, at + c * 2L, (short) BlockLayout.bits16(row, block + BlockLayout.Q4_0_SCALE));
            for (int step = 0; step < STEPS; step++) {
                data.set(INT, at + HALVES + step * ROW + c * 4L, BlockLayout.eightOfQ4(row, block, step));
            }
            return;
        }
        long block = (long) (run / LARGE_RUNS) * type.blockBytes();
        int within = run % LARGE_RUNS;
        if (within == 0) {
            long head = at - 2 * HALVES + c * 2L;
            data.set(SHORT, head, (short) BlockLayout.bits16(row, block + BlockLayout.Q4_K_SCALE));
            data.set(SHORT, head + HALVES, (short) BlockLayout.bits16(row, block + BlockLayout.Q4_K_MIN_SCALE));
        }
        data.set(ValueLayout.JAVA_BYTE, at + c, (byte) BlockLayout.scaleOfQ4K(row, block, within));
        data.set(ValueLayout.JAVA_BYTE, at + COLUMNS + c, (byte) BlockLayout.minOfQ4K(row, block, within));
        for (int step = 0; step < STEPS; step++) {
            int eight = BlockLayout.eightOfQ4K(row, block, within * STEPS + step);
            data.set(INT, at + 2L * COLUMNS + step * ROW + c * 4L, eight);
        }
    }

    /** Where a run of a row begins: its own scales, not those of its block. */
    private long runAt(int j, int run) {
        long panel = j / COLUMNS * panelBytes();
        return type == StorageType.Q4_K
                ? panel + run / LARGE_RUNS * LARGE_BLOCK + 2 * HALVES + run % LARGE_RUNS * LARGE_RUN
                : panel + run * runBytes(type);
    }

    /** Number {@code i} of a run of row {@code j}: -128 to 127 of eight bits, -8 to 7 of four. */
    int number(int j, int run, int i) {
        long numbers = runAt(j, run) + (type == StorageType.Q4_K ? 2L * COLUMNS : HALVES);
        if (type == StorageType.Q8_0) {
            long at = numbers + i / BYTES_PER_INT * ROW + j % COLUMNS * 4L + i % BYTES_PER_INT;
            return unsigned(at) - ZERO_OF_EIGHT;
        }
        int eight = data.get(INT, numbers + i / PER_INT * ROW + j % COLUMNS * 4L);
        return ((eight >> (4 * (i % PER_INT))) & 15) - ZERO;
    }

    /** The scale of a run. */
    float scale(int j, int run) {
        long at = runAt(j, run);
        int c = j % COLUMNS;
        return type == StorageType.Q4_K ? half(blockHead(at, run) + c * 2L) * unsigned(at + c) : half(at + c * 2L);
    }

    /** {@link #ZERO} times the scale of a run of Q4_K plus its offset. */
    float shift(int j, int run) {
        long at = runAt(j, run);
        int c = j % COLUMNS;
        float min = half(blockHead(at, run) + HALVES + c * 2L) * unsigned(at + COLUMNS + c);
        return scale(j, run) * ZERO - min;
    }

    private static long blockHead(long runAt, int run) {
        return runAt - run % LARGE_RUNS * LARGE_RUN - 2 * HALVES;
    }

    private float half(long at) {
        return Float.float16ToFloat(data.get(SHORT, at));
    }

    private int unsigned(long at) {
        return data.get(ValueLayout.JAVA_BYTE, at) & 0xFF;
    }

    /** Checks the arguments of {@link BlockProduct#multiply}. */
    void requireProduct(int m, Tensor a, int lda, @Nullable Tensor bias, Tensor c, int ldc) {
        requireWeightProduct(n, k, data, m, a, lda, bias, c, ldc);
    }
}
