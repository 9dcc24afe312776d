package dev.troupe.model.kernel.int8;

import static dev.troupe.model.kernel.KernelArguments.requireWeightProduct;

import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.quantized.BlockLayout;
import dev.troupe.model.kernel.quantized.WeightRows;
import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.tensor.LateLayout;
import dev.troupe.model.tensor.LayoutMemory;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A weight W [n, k] of Q8_0, Q6_K, Q4_0 or Q4_K in panels of {@link #COLUMNS} outputs, its numbers as they are. Those
 * of a run of 32 inputs are
 *
 * <ul>
 *   <li>of eight bits [8][{@link #COLUMNS}] ints of four each, plus {@link #ZERO_OF_EIGHT};
 *   <li>of four bits [4][{@link #COLUMNS}] ints of eight each, the first in the lowest bits;
 *   <li>of six bits for each 16 inputs [{@link #COLUMNS}] ints of their upper two bits, then [2][{@link #COLUMNS}] of
 *       the lower four of eight each. Bits lie in the byte that a number has among the four of a dot instruction: of
 *       the upper two those of the first four numbers lowest, of the lower four those of the first four.
 * </ul>
 *
 * Before them
 *
 * <ul>
 *   <li>Q8_0 and Q4_0 have [{@link #COLUMNS}] float16 scales;
 *   <li>Q4_K has [{@link #COLUMNS}] bytes of scales and as many of minima, and before each 256 inputs their float16
 *       scales, first of the scales, then of the minima;
 *   <li>Q6_K has twice [{@link #COLUMNS}] signed bytes, scales of 16 inputs each, and before each 256 inputs their
 *       float16 scales.
 * </ul>
 *
 * Outputs beyond n have scales of zero.
 *
 * @param late which panels are in {@code data} yet, null for all
 */
public record BlockWeight(
        StorageType type,
        int n,
        int k,
        MemorySegment data,
        @Nullable LatePanels late) {
    /** Inputs that share a scale of A, and of W but in Q6_K. */
    static final int RUN = BlockLayout.SMALL;

    /** Outputs of a panel: two vectors of ints. */
    static final int COLUMNS = 2 * Lanes.LANES;

    /** What is subtracted from a number of four bits before it is multiplied: sums then fit 16 bits. */
    static final int ZERO = 8;

    /** What is added to a number of eight bits: dot instructions want one operand without a sign. */
    static final int ZERO_OF_EIGHT = 128;

    /** What is subtracted from a stored number of six bits. */
    static final int ZERO_OF_SIX = 32;

    /** Which adds {@link #ZERO_OF_EIGHT} to each of four bytes, without a carry. */
    static final int TOP_BITS = 0x80_80_80_80;

    /**
     * Bytes of the float16 numbers before a run of Q8_0 and Q4_0 and a block of Q6_K, and of each of both before a
     * block of Q4_K.
     */
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

    /** Bytes of the scales of a run of Q6_K, and of the scales and minima of one of Q4_K. */
    static final long LARGE_SCALES = 2L * COLUMNS;

    /** Bytes of a run of Q4_K, its scales and minima first. */
    static final long LARGE_RUN = LARGE_SCALES + NUMBERS;

    /** Bytes of the numbers of 16 inputs of Q6_K. */
    static final long SIX_NUMBERS = 3 * ROW;

    /** Bytes of a run of Q6_K, its scales first. */
    static final long SIX_RUN = LARGE_SCALES + RUN / BlockLayout.Q6_K_GROUP * SIX_NUMBERS;

    /** Runs of a block of Q4_K and Q6_K. */
    static final int LARGE_RUNS = BlockLayout.LARGE / RUN;

    /** Bytes of a block of Q4_K. */
    static final long LARGE_BLOCK = 2 * HALVES + LARGE_RUNS * LARGE_RUN;

    /** Bytes of a block of Q6_K. */
    static final long SIX_BLOCK = HALVES + LARGE_RUNS * SIX_RUN;

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Whether weights of this type can be laid out so: each 32 inputs have a scale, or two. */
    public static boolean holds(StorageType type) {
        return switch (type) {
            case Q8_0, Q6_K, Q4_0, Q4_K -> true;
            case F32, F16, BF16 -> false;
        };
    }

    /** Whether weights of this type have four bits a number. */
    public static boolean hasFourBits(StorageType type) {
        return type == StorageType.Q4_0 || type == StorageType.Q4_K;
    }

    static int panels(int n) {
        return Math.ceilDiv(n, COLUMNS);
    }

    static long panelBytes(StorageType type, int k) {
        return k / type.blockElements() * blockBytes(type);
    }

    private static long blockBytes(StorageType type) {
        return switch (type) {
            case Q8_0 -> BYTE_RUN;
            case Q4_0 -> SMALL_RUN;
            case Q4_K -> LARGE_BLOCK;
            case Q6_K -> SIX_BLOCK;
            case F32, F16, BF16 -> throw new IllegalArgumentException("no blocks: " + type);
        };
    }

    /** Inputs that share a scale of W. */
    int group() {
        return type == StorageType.Q6_K ? BlockLayout.Q6_K_GROUP : RUN;
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
        String form = bits(type) + "_bits." + type + "." + COLUMNS;
        MemorySegment laid = memory.lay(form, bytes(rows), data -> write(rows, pool, data));
        return new BlockWeight(type, rows.n(), rows.k(), laid, null);
    }

    /**
     * As {@link #pack}, but panels are filled later where the memory says who does it. Only for a product that
     * {@linkplain BlockProduct#takesLate takes} such weights.
     */
    static BlockWeight packLater(WeightRows rows, ComputePool pool, LayoutMemory memory) {
        Optional<Consumer<LateLayout>> filler = memory.later();
        if (filler.isEmpty()) {
            return pack(rows, pool, memory);
        }
        MemorySegment data = memory.arena().allocateBytes(bytes(rows));
        LatePanels late = new LatePanels(rows, data);
        BlockWeight weight = new BlockWeight(rows.type(), rows.n(), rows.k(), data, late);
        pool.run(panels(rows.n()), panel -> {
            try (Arena working = Arena.ofConfined()) {
                if (late.isFilled(panel)) {
                    weight.packRows(rows, panel, working);
                } else {
                    rows.readFinite(panel * COLUMNS, COLUMNS, working);
                }
            }
        });
        filler.get().accept(late);
        return weight;
    }

    private static long bytes(WeightRows rows) {
        StorageType type = rows.type();
        if (!holds(type)) {
            throw new IllegalArgumentException("weights in " + type + " have no scale for each " + RUN + " inputs");
        }
        return panels(rows.n()) * panelBytes(type, rows.k());
    }

    private static String bits(StorageType type) {
        return hasFourBits(type) ? "four" : type == StorageType.Q6_K ? "six" : "eight";
    }

    private static void write(WeightRows rows, ComputePool pool, MemorySegment data) {
        int n = rows.n();
        int k = rows.k();
        BlockWeight weight = new BlockWeight(rows.type(), n, k, data, null);
        boolean byCode = BlockPacking.packs(rows.type());
        pool.run(panels(n), panel -> {
            try (Arena working = Arena.ofConfined()) {
                if (byCode && n - panel * COLUMNS >= COLUMNS) {
                    MemorySegment found = rows.readFinite(panel * COLUMNS, COLUMNS, working);
                    BlockPacking.pack(rows.type(), k, found.address(), data.address() + panel * weight.panelBytes());
                } else {
                    weight.packRows(rows, panel, working);
                }
            }
        });
    }

    /** Fills a panel, or as much of it as there is, row by row. */
    private void packRows(WeightRows rows, int panel, Arena working) {
        for (int j = panel * COLUMNS; j < Math.min(n, (panel + 1) * COLUMNS); j++) {
            MemorySegment row = rows.readFinite(j, 1, working);
            for (int run = 0; run < k / RUN; run++) {
                packRun(row, j, run);
            }
        }
    }

    private void packRun(MemorySegment row, int j, int run) {
        long block = (long) (run * RUN / type.blockElements()) * type.blockBytes();
        int within = run % (type.blockElements() / RUN);
        long at = runAt(j, run);
        int c = j % COLUMNS;
        switch (type) {
            case Q8_0 -> packQ8(row, block, at, c);
            case Q4_0 -> packQ4(row, block, at, c);
            case Q4_K -> packQ4K(row, block, within, at, c);
            default -> packQ6K(row, block, within, at, c);
        }
    }

    private void packQ8(MemorySegment row, long block, long at, int c) {
        data.set(SHORT, at + c * 2L, (short) BlockLayout.bits16(row, block + BlockLayout.Q8_0_SCALE));
        for (int step = 0; step < BYTE_STEPS; step++) {
            int four = row.get(INT, block + BlockLayout.Q8_0_NUMBERS + step * (long) Integer.BYTES);
            data.set(INT, at + HALVES + step * ROW + c * 4L, four ^ TOP_BITS);
        }
    }

    private void packQ4(MemorySegment row, long block, long at, int c) {
        data.set(SHORT, at + c * 2L, (short) BlockLayout.bits16(row, block + BlockLayout.Q4_0_SCALE));
        for (int step = 0; step < STEPS; step++) {
            data.set(INT, at + HALVES + step * ROW + c * 4L, BlockLayout.eightOfQ4(row, block, step));
        }
    }

    private void packQ4K(MemorySegment row, long block, int within, long at, int c) {
        if (within == 0) {
            long head = at - 2 * HALVES + c * 2L;
            data.set(SHORT, head, (short) BlockLayout.bits16(row, block + BlockLayout.Q4_K_SCALE));
            data.set(SHORT, head + HALVES, (short) BlockLayout.bits16(row, block + BlockLayout.Q4_K_MIN_SCALE));
        }
        data.set(ValueLayout.JAVA_BYTE, at + c, (byte) BlockLayout.scaleOfQ4K(row, block, within));
        data.set(ValueLayout.JAVA_BYTE, at + COLUMNS + c, (byte) BlockLayout.minOfQ4K(row, block, within));
        for (int step = 0; step < STEPS; step++) {
            int eight = BlockLayout.eightOfQ4K(row, block, within * STEPS + step);
            data.set(INT, at + LARGE_SCALES + step * ROW + c * 4L, eight);
        }
    }

    private void packQ6K(MemorySegment row, long block, int within, long at, int c) {
        if (within == 0) {
            data.set(SHORT, at - HALVES + c * 2L, (short) BlockLayout.bits16(row, block + BlockLayout.Q6_K_SCALE));
        }
        for (int half = 0; half < RUN / BlockLayout.Q6_K_GROUP; half++) {
            int group = within * (RUN / BlockLayout.Q6_K_GROUP) + half;
            data.set(
                    ValueLayout.JAVA_BYTE,
                    at + half * (long) COLUMNS + c,
                    row.get(ValueLayout.JAVA_BYTE, block + BlockLayout.Q6_K_SCALES + group));
            long to = at + LARGE_SCALES + half * SIX_NUMBERS + c * 4L;
            data.set(INT, to, BlockLayout.upperOfQ6K(row, block, group));
            data.set(INT, to + ROW, BlockLayout.lowerOfQ6K(row, block, group, 0));
            data.set(INT, to + 2 * ROW, BlockLayout.lowerOfQ6K(row, block, group, 1));
        }
    }

    /** From a panel's start to a run's: to its own scales, not those of its block. */
    long runAt(int run) {
        return switch (type) {
            case Q8_0, Q4_0 -> blockAt(run);
            case Q4_K -> blockAt(run) + 2 * HALVES + run % LARGE_RUNS * LARGE_RUN;
            default -> blockAt(run) + HALVES + run % LARGE_RUNS * SIX_RUN;
        };
    }

    /** From a panel's start to that of a run's block. */
    long blockAt(int run) {
        return run / (type.blockElements() / RUN) * blockBytes(type);
    }

    private long runAt(int j, int run) {
        return j / COLUMNS * panelBytes() + runAt(run);
    }

    private long blockAt(int j, int run) {
        return j / COLUMNS * panelBytes() + blockAt(run);
    }

    /** Number {@code i} of row {@code j}: -128 to 127 of eight bits, -32 to 31 of six, -8 to 7 of four. */
    int number(int j, int i) {
        long run = runAt(j, i / RUN);
        int within = i % RUN;
        long column = j % COLUMNS * (long) Integer.BYTES;
        return switch (type) {
            case Q8_0 ->
                unsigned(run + HALVES + within / BYTES_PER_INT * ROW + column + within % BYTES_PER_INT) - ZERO_OF_EIGHT;
            case Q4_0 -> nibble(run + HALVES + column, within);
            case Q4_K -> nibble(run + LARGE_SCALES + column, within);
            default -> {
                int group = within / BlockLayout.Q6_K_GROUP;
                yield six(run + LARGE_SCALES + group * SIX_NUMBERS + column, within % BlockLayout.Q6_K_GROUP);
            }
        };
    }

    private int nibble(long numbers, int i) {
        int eight = data.get(INT, numbers + i / PER_INT * ROW);
        return ((eight >> (4 * (i % PER_INT))) & 15) - ZERO;
    }

    private int six(long numbers, int i) {
        int four = i / BYTES_PER_INT;
        int place = i % BYTES_PER_INT;
        int upper = (unsigned(numbers + place) >> (2 * four)) & 3;
        int lower = (unsigned(numbers + (1 + four / 2) * ROW + place) >> (4 * (four % 2))) & 15;
        return ((upper << 4) | lower) - ZERO_OF_SIX;
    }

    /** The scale of inputs number {@code group} of those that share one. */
    float scale(int j, int group) {
        int run = group * group() / RUN;
        long at = runAt(j, run);
        int c = j % COLUMNS;
        return switch (type) {
            case Q8_0, Q4_0 -> half(at + c * 2L);
            case Q4_K -> half(blockAt(j, run) + c * 2L) * unsigned(at + c);
            default ->
                half(blockAt(j, run) + c * 2L) * data.get(ValueLayout.JAVA_BYTE, at + group % 2 * (long) COLUMNS + c);
        };
    }

    /** {@link #ZERO} times the scale of a run of Q4_K plus its offset. */
    float shift(int j, int run) {
        long at = runAt(j, run);
        int c = j % COLUMNS;
        float min = half(blockAt(j, run) + HALVES + c * 2L) * unsigned(at + COLUMNS + c);
        return scale(j, run) * ZERO - min;
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
