package dev.troupe.model.kernel.int8;

import static dev.troupe.model.kernel.KernelArguments.requireWeightProduct;

import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.quantized.RowUnpacking;
import dev.troupe.model.kernel.quantized.WeightRows;
import dev.troupe.model.tensor.LayoutMemory;
import dev.troupe.model.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * A weight W [n, k] of eight bits a number, in panels of 64 outputs as instructions read them that multiply four pairs
 * of bytes at once: [n / 64][depth / 4][64][4], with zeros beyond n and k.
 *
 * <p>These instructions want one operand without a sign: activations are given to them plus {@link #SHIFT}, and what
 * that adds to a sum, {@code SHIFT} times the sum of a row of W, is subtracted afterwards.
 *
 * @param numbers panels of bytes
 * @param scales float32 [n], padded to whole panels
 * @param shifts int32 [n], padded: {@link #SHIFT} times the sum of the row
 */
public record Int8Weight(int n, int k, MemorySegment numbers, MemorySegment scales, MemorySegment shifts) {
    /** What is added to the numbers of A. */
    public static final int SHIFT = 128;

    /** Outputs of a panel. */
    public static final int COLUMNS = 64;

    /** The longest sum that cannot leave 32 bits: of 255 times 127. */
    public static final int MOST_K = Integer.MAX_VALUE / ((SHIFT + Int8Rounding.MOST) * Int8Rounding.MOST);

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Inputs that lie side by side. */
    static final int QUAD = 4;

    /** Bytes of a quad of inputs of all of a panel's outputs. */
    static final int QUAD_BYTES = COLUMNS * QUAD;

    private static final int DEPTH = 64;

    /** k, rounded up to whole blocks of 64; at least one. */
    public static int depth(int k) {
        return Math.max(1, Math.ceilDiv(k, DEPTH)) * DEPTH;
    }

    /** Panels of {@code n} outputs. */
    public static int panels(int n) {
        return Math.ceilDiv(n, COLUMNS);
    }

    /** Bytes of a panel. */
    public static long panelBytes(int depth) {
        return (long) depth * COLUMNS;
    }

    /**
     * Rounds and lays out a weight. The rows are not needed afterwards.
     *
     * @param rows of any type; what they stand for is rounded
     * @param memory for the layout
     * @throws IllegalArgumentException when k is more than {@link #MOST_K}, or a float16 in the rows is not finite
     */
    public static Int8Weight pack(WeightRows rows, ComputePool pool, LayoutMemory memory) {
        int n = rows.n();
        int k = rows.k();
        if (k > MOST_K) {
            throw new IllegalArgumentException(
                    "sums of " + k + " products of eight bits may leave 32 bits; the most is " + MOST_K);
        }
        long bytes = panels(n) * (panelBytes(depth(k)) + COLUMNS * (long) (Float.BYTES + Integer.BYTES));
        return of(n, k, memory.lay("int8", bytes, data -> of(n, k, data).write(rows, pool)));
    }

    /** Over memory that has the numbers, then the scales, then the shifts. */
    private static Int8Weight of(int n, int k, MemorySegment data) {
        long numbers = panels(n) * panelBytes(depth(k));
        long scales = panels(n) * (long) COLUMNS * Float.BYTES;
        return new Int8Weight(
                n, k, data.asSlice(0, numbers), data.asSlice(numbers, scales), data.asSlice(numbers + scales));
    }

    private void write(WeightRows rows, ComputePool pool) {
        pool.run(panels(n), panel -> {
            try (Arena working = Arena.ofConfined()) {
                Room room = new Room(rows, depth(k), working);
                int end = Math.min(n, (panel + 1) * COLUMNS);
                for (int j = panel * COLUMNS; j < end; j += Int8Packing.ROWS) {
                    write(j, Math.min(Int8Packing.ROWS, end - j), rows, room);
                }
            }
        });
    }

    /**
     * Where some rows are rounded.
     *
     * @param stored for a row as it is stored
     * @param floats for a row
     * @param rounded for all of them, with zeros beyond k, and as much behind them as a narrow vector writes at its end
     */
    private record Room(SegmentAllocator stored, MemorySegment floats, MemorySegment rounded) {
        Room(WeightRows rows, int depth, Arena arena) {
            this(
                    SegmentAllocator.prefixAllocator(arena.allocate(rows.rowBytes(), Long.BYTES)),
                    arena.allocate(rows.k() * (long) Float.BYTES, Long.BYTES),
                    arena.allocate((long) Int8Packing.ROWS * depth + Long.BYTES, Long.BYTES));
        }
    }

    private void write(int first, int count, WeightRows rows, Room room) {
        int depth = depth(k);
        for (int i = 0; i < count; i++) {
            RowUnpacking.read(rows.type(), k, rows.readFinite(first + i, 1, room.stored), room.floats);
            round(first + i, room.floats.address(), room.rounded.address() + (long) i * depth);
        }
        if (count == Int8Packing.ROWS && DotRows.RUNS) {
            Int8Packing.lay(depth, room.rounded.address(), numbers.address() + at(first, 0));
            return;
        }
        for (int i = 0; i < count; i++) {
            long at = at(first + i, 0);
            for (int quad = 0; quad * QUAD < k; quad++) {
                numbers.set(INT, at + (long) quad * QUAD_BYTES, room.rounded.get(INT, (long) i * depth + quad * 4L));
            }
        }
    }

    /** @param to address of the rounded numbers, rounded up to 64 */
    private void round(int j, long row, long to) {
        boolean byCode = DotRows.holds(k);
        float greatest = byCode ? DotRows.greatest(k, row, to) : Int8Rows.greatest(k, row);
        float inverse = Int8Rounding.inverse(greatest);
        if (byCode && inverse != 0) {
            Int8Packing.storeSigned(k, inverse, row, to, shifts.address() + j * 4L);
        } else {
            shifts.setAtIndex(ValueLayout.JAVA_INT, j, Int8Rows.storeSigned(k, inverse, row, to));
        }
        shifts.setAtIndex(ValueLayout.JAVA_INT, j, SHIFT * shifts.getAtIndex(ValueLayout.JAVA_INT, j));
        scales.setAtIndex(ValueLayout.JAVA_FLOAT, j, Int8Rounding.scale(greatest));
    }

    private long at(int j, int p) {
        return j / COLUMNS * panelBytes(depth(k)) + (long) p / QUAD * QUAD_BYTES + (long) j % COLUMNS * QUAD + p % QUAD;
    }

    /** Number {@code p} of row {@code j}. */
    int number(int j, int p) {
        return numbers.get(ValueLayout.JAVA_BYTE, at(j, p));
    }

    float scale(int j) {
        return scales.getAtIndex(ValueLayout.JAVA_FLOAT, j);
    }

    /** Checks the arguments of {@link Int8Product#multiply}. */
    public void requireProduct(int m, Tensor a, int lda, @Nullable Tensor bias, Tensor c, int ldc) {
        requireWeightProduct(n, k, numbers, m, a, lda, bias, c, ldc);
    }
}
