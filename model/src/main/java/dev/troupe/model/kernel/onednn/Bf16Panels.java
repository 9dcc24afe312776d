package dev.troupe.model.kernel.onednn;

import dev.troupe.model.kernel.vector.Bf16Lanes;
import dev.troupe.model.kernel.vector.Transposition;

/**
 * How oneDNN reads the operands of a product, in bf16: A in rows of {@code depth}, which is k rounded up; B [k, n] in
 * panels of 64 columns, in each [depth / 2][64][2], so that the two factors of a dot instruction lie side by side.
 * Numbers beyond k are zero: they add nothing.
 */
final class Bf16Panels {
    static final int COLUMNS = 64;

    /** Rows of B in a block of the layout. */
    static final int DEPTH = 32;

    /** Most rows of A that are turned at once, so that what lies between stays in the cache. */
    private static final int STRIP = 64;

    private static final int CROWDED = 256;

    private static final long PAIR = 4; // bytes of two bf16
    private static final long ROW_BYTES = COLUMNS * PAIR;

    private Bf16Panels() {}

    /** k, rounded up to whole blocks; at least one. */
    static int depth(int k) {
        return Math.max(1, Math.ceilDiv(k, DEPTH)) * DEPTH;
    }

    static int count(int n) {
        return Math.ceilDiv(n, COLUMNS);
    }

    static long panelBytes(int depth) {
        return depth / 2 * ROW_BYTES;
    }

    /**
     * Distance between the rows of A in elements: rows that are whole pages apart would crowd into one set of the
     * cache.
     */
    static int rowStride(int depth) {
        return depth % CROWDED == 0 ? depth + DEPTH : depth;
    }

    static long rowBytes(int depth) {
        return rowStride(depth) * 2L;
    }

    /** Working memory that {@link #rowsOfColumns} and {@link #panelOfColumns} want. */
    static long turningBytes(int depth) {
        return Math.max(rowBytes(depth) * STRIP, depth / 2 * ROW_BYTES);
    }

    /** Rows of A that is stored as it is, [rows][k]. */
    static void rows(int rows, int k, int depth, long a, long stride, long to) {
        for (int r = 0; r < rows; r++) {
            Bf16Lanes.storeRow(k, depth, a + r * stride, to + r * rowBytes(depth));
        }
    }

    /** Rows of A that is stored transposed, [k][rows]. */
    static void rowsOfColumns(int rows, int k, int depth, long a, long stride, long between, long to) {
        for (int r = 0; r < rows; r += STRIP) {
            int width = Math.min(STRIP, rows - r);
            weave(k, width, depth, a + r * 4L, stride, between);
            turn(width, depth, between, to + r * rowBytes(depth));
        }
    }

    /** One panel of B that is stored as it is: the rows of its columns, [k][columns]. */
    static void panel(int columns, int k, int depth, long b, long stride, long to) {
        weave(k, columns, depth, b, stride, to);
    }

    /** One panel of B that is stored transposed, [columns][k]. */
    static void panelOfColumns(int columns, int k, int depth, long b, long stride, long between, long to) {
        rows(columns, k, depth, b, stride, between);
        Transposition.columns(columns, depth / 2, between, rowBytes(depth), to, ROW_BYTES);
    }

    /** Rows of bf16 [k][columns] in pairs, [depth / 2][64][2]: a panel of B. */
    static void weaveStored(int k, int columns, int depth, long from, long stride, long to) {
        for (int p = 0; p < depth; p += 2) {
            long first = from + p * stride;
            int real = p < k ? columns : 0;
            Bf16Lanes.weaveStored(real, COLUMNS, first, p + 1 < k ? first + stride : 0, to + p / 2 * ROW_BYTES);
        }
    }

    /** Woven rows [depth / 2][64][2] become rows of A, the first {@code count} of their columns. */
    static void turn(int count, int depth, long woven, long to) {
        // A pair is as long as a float, and turning moves whole floats.
        Transposition.columns(depth / 2, count, woven, ROW_BYTES, to, rowBytes(depth));
    }

    /** Sums of the columns of woven rows, all {@link #COLUMNS}. */
    static void sums(int depth, long woven, long to) {
        Bf16Lanes.sumPairs(depth / 2, COLUMNS, woven, ROW_BYTES, to);
    }

    /** Rows [k][columns] in pairs, [depth / 2][64][2]. */
    private static void weave(int k, int columns, int depth, long from, long stride, long to) {
        for (int p = 0; p < depth; p += 2) {
            long first = from + p * stride;
            int real = p < k ? columns : 0;
            Bf16Lanes.weaveRows(real, COLUMNS, first, p + 1 < k ? first + stride : 0, to + p / 2 * ROW_BYTES);
        }
    }
}
