package dev.troupe.model.kernel.gemm;

import static dev.troupe.model.kernel.gemm.GemmTile.COLUMNS;
import static dev.troupe.model.kernel.gemm.GemmTile.ROW_B;
import static dev.troupe.model.kernel.vector.Lanes.BYTES;
import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.first;
import static dev.troupe.model.kernel.vector.Lanes.load;
import static dev.troupe.model.kernel.vector.Lanes.store;

import dev.troupe.model.kernel.vector.Transposition;
import jdk.incubator.vector.VectorMask;

/**
 * The packed layout of a right-hand matrix [k, n]: panels of {@link GemmTile#COLUMNS} columns one after the other, in
 * each [k][COLUMNS]. Columns beyond n hold anything finite or not: what is computed with them is not stored.
 */
final class RightPanels {
    private RightPanels() {}

    static int count(int n) {
        return (n + COLUMNS - 1) / COLUMNS;
    }

    /** Columns that a panel really has. */
    static int columns(int n, int panel) {
        return Math.min(COLUMNS, n - panel * COLUMNS);
    }

    /** Bytes of a panel. */
    static long bytes(int k) {
        return k * ROW_B;
    }

    /** Elements of the whole layout. */
    static long size(int k, int n) {
        return (long) count(n) * k * COLUMNS;
    }

    /**
     * Packs {@code columns} columns by {@code depth} rows of B, the first of them at {@code b}.
     *
     * @param transposed is B stored [n, k]?
     * @param stride bytes between stored rows
     */
    static void pack(boolean transposed, int columns, int depth, long b, long stride, long packed) {
        if (transposed) {
            Transposition.columns(columns, depth, b, stride, packed, ROW_B);
        } else if (columns == COLUMNS) {
            packWhole(depth, b, stride, packed);
        } else {
            packNarrow(columns, depth, b, stride, packed);
        }
    }

    private static void packWhole(int depth, long b, long stride, long packed) {
        for (int p = 0; p < depth; p++) {
            store(load(b + p * stride), packed + p * ROW_B);
            store(load(b + p * stride + BYTES), packed + p * ROW_B + BYTES);
        }
    }

    private static void packNarrow(int columns, int depth, long b, long stride, long packed) {
        VectorMask<Float> left = first(columns);
        VectorMask<Float> right = first(Math.max(0, columns - LANES));
        for (int p = 0; p < depth; p++) {
            store(load(b + p * stride, left), packed + p * ROW_B);
            store(load(b + p * stride + BYTES, right), packed + p * ROW_B + BYTES);
        }
    }
}
