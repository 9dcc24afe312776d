package dev.troupe.model.kernel.gemm;

import static dev.troupe.model.kernel.gemm.GemmTile.ROWS;
import static dev.troupe.model.kernel.gemm.GemmTile.ROW_A;
import static dev.troupe.model.kernel.vector.Lanes.BYTES;
import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.load;
import static dev.troupe.model.kernel.vector.Lanes.store;

import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.kernel.vector.Transposition;

/** The packed layout of rows of a left-hand matrix [m, k]: strips of {@link GemmTile#ROWS} rows, in each [k][ROWS]. */
public final class LeftStrips {
    /** Bytes behind a strip: rows are written as whole vectors, the surplus of each under the next. */
    private static final long SLACK = BYTES;

    private static final int VECTORS = (ROWS + LANES - 1) / LANES;

    private LeftStrips() {}

    static int count(int rows) {
        return (rows + ROWS - 1) / ROWS;
    }

    /** Byte distance from one strip to the next. */
    public static long bytes(int depth) {
        return depth * ROW_A + SLACK;
    }

    /**
     * Packs {@code rows} rows by {@code depth} columns of A, the first of them at {@code a}. Places of the last strip
     * that have no row hold anything.
     *
     * @param transposed is A stored [k, m]?
     * @param stride bytes between stored rows
     * @param after rows of A from the first packed one to its end: as much may be read
     */
    public static void pack(boolean transposed, int rows, int after, int depth, long a, long stride, long packed) {
        if (transposed) {
            packStored(rows, after, depth, a, stride, packed);
            return;
        }
        for (int row = 0; row < rows; row += ROWS) {
            long to = packed + row / ROWS * bytes(depth);
            if (LANES >= ROWS) {
                Transposition.columns(Math.min(ROWS, rows - row), depth, a + row * stride, stride, to, ROW_A);
            } else {
                packScalars(Math.min(ROWS, rows - row), depth, a + row * stride, stride, to);
            }
        }
    }

    private static void packScalars(int rows, int depth, long a, long stride, long packed) {
        for (int p = 0; p < depth; p++) {
            for (int r = 0; r < rows; r++) {
                Lanes.set(packed + p * ROW_A + r * 4L, Lanes.get(a + r * stride + p * 4L));
            }
        }
    }

    /** As {@link #pack} of A stored [k, m]: a strip's row is whole vectors, where A goes on for as long. */
    private static void packStored(int rows, int after, int depth, long a, long stride, long packed) {
        long strip = bytes(depth);
        int whole = Math.max(0, after - VECTORS * LANES + 1);
        for (int p = 0; p < depth; p++) {
            long from = a + p * stride;
            long to = packed + p * ROW_A;
            int row = 0;
            for (; row < Math.min(rows, whole); row += ROWS) {
                for (int v = 0; v < VECTORS; v++) {
                    store(load(from + row * 4L + v * BYTES), to + v * BYTES);
                }
                to += strip;
            }
            for (; row < rows; row += ROWS) {
                for (int r = 0; r < Math.min(ROWS, rows - row); r++) {
                    Lanes.set(to + r * 4L, Lanes.get(from + (row + r) * 4L));
                }
                to += strip;
            }
        }
    }
}
