package dev.troupe.model.kernel.vector;

import static dev.troupe.model.kernel.vector.Lanes.BYTES;
import static dev.troupe.model.kernel.vector.Lanes.LANES;

import java.lang.foreign.Arena;

/**
 * The one inner kernel of every matrix product here: a tile of C, some rows by some whole vectors, kept in registers
 * while k runs; each step is a row vector of B times one broadcast element of A per row. Every element of C is thus one
 * chain of fused multiply-adds in order of k, starting at 0 or at C's old value: the same bits whatever the tile, the
 * number of rows or of threads.
 *
 * <p>Addresses and distances are in bytes. {@code rowA} and {@code stepA} are the distances in A from row to row and
 * from k to k + 1, so that A may be stored either way round; {@code stepB} is that of B, whose columns are contiguous.
 */
public final class Tiles {
    /** Rows of the largest tile. */
    public static final int ROWS = 6;

    /** Vectors of the widest tile: 6 x 4 sums, 4 of B and 1 of A are 29 of 32 registers; AVX2 has only 16. */
    public static final int VECTORS = LANES == 8 ? 2 : 4;

    /** Columns of the widest tile. */
    public static final int COLUMNS = VECTORS * LANES;

    /** Where a sum starts that does not start at C: branching instead would keep the sums out of registers. */
    private static final long ZEROS =
            Arena.global().allocate(VECTORS * BYTES, BYTES).address();

    private Tiles() {}

    /**
     * C[rows, columns] = A · B (+ C when {@code fromC}), for any number of rows.
     *
     * @param columns a multiple of the lanes; B and C are read and written this wide
     */
    public static void product(
            int rows,
            int columns,
            int k,
            long a,
            long rowA,
            long stepA,
            long b,
            long stepB,
            long c,
            long rowC,
            boolean fromC) {
        if (TileCode.runs(stepA, stepB, rowC)) {
            TileCode.product(rows, columns, k, a, rowA, stepA, b, rowC, c, fromC);
            return;
        }
        vectorProduct(rows, columns, k, a, rowA, stepA, b, stepB, c, rowC, fromC);
    }

    /** {@link #product} by the Vector API, whose bits {@link TileCode} has. */
    static void vectorProduct(
            int rows,
            int columns,
            int k,
            long a,
            long rowA,
            long stepA,
            long b,
            long stepB,
            long c,
            long rowC,
            boolean fromC) {
        long rowFrom = fromC ? rowC : 0;
        long end = columns / LANES * BYTES;
        long at = 0;
        if (VECTORS == 4) {
            for (; at + 4 * BYTES <= end; at += 4 * BYTES) {
                int done = fromC ? 0 : sixRowTiles(rows, k, a, rowA, stepA, b + at, stepB, c + at, rowC);
                long from = fromC ? c + at : ZEROS;
                wide(
                        rows - done,
                        k,
                        a + done * rowA,
                        rowA,
                        stepA,
                        b + at,
                        stepB,
                        from,
                        rowFrom,
                        c + at + done * rowC,
                        rowC);
            }
        }
        for (; at + 2 * BYTES <= end; at += 2 * BYTES) {
            long from = fromC ? c + at : ZEROS;
            middle(rows, k, a, rowA, stepA, b + at, stepB, from, rowFrom, c + at, rowC);
        }
        if (at < end) {
            long from = fromC ? c + at : ZEROS;
            narrow(rows, k, a, rowA, stepA, b + at, stepB, from, rowFrom, c + at, rowC);
        }
    }

    /** As many of the largest tiles as fit; returns the rows done. */
    private static int sixRowTiles(
            int rows, int k, long a, long rowA, long stepA, long b, long stepB, long c, long rowC) {
        int row = 0;
        for (; row + 6 <= rows; row += 6) {
            Tile4.sixRows(k, a + row * rowA, rowA, stepA, b, stepB, c + row * rowC, rowC);
        }
        return row;
    }

    private static void wide(
            int rows,
            int k,
            long a,
            long rowA,
            long stepA,
            long b,
            long stepB,
            long from,
            long rowFrom,
            long c,
            long rowC) {
        int row = 0;
        for (; row + 4 <= rows; row += 4) {
            Tile4.fourRows(
                    k, a + row * rowA, rowA, stepA, b, stepB, from + row * rowFrom, rowFrom, c + row * rowC, rowC);
        }
        if (row + 2 <= rows) {
            Tile4.twoRows(
                    k, a + row * rowA, rowA, stepA, b, stepB, from + row * rowFrom, rowFrom, c + row * rowC, rowC);
            row += 2;
        }
        if (row < rows) {
            Tile4.oneRow(k, a + row * rowA, stepA, b, stepB, from + row * rowFrom, c + row * rowC);
        }
    }

    private static void middle(
            int rows,
            int k,
            long a,
            long rowA,
            long stepA,
            long b,
            long stepB,
            long from,
            long rowFrom,
            long c,
            long rowC) {
        int row = 0;
        for (; row + 6 <= rows; row += 6) {
            Tile2.sixRows(
                    k, a + row * rowA, rowA, stepA, b, stepB, from + row * rowFrom, rowFrom, c + row * rowC, rowC);
        }
        for (; row < rows; row++) {
            Tile2.oneRow(k, a + row * rowA, stepA, b, stepB, from + row * rowFrom, c + row * rowC);
        }
    }

    private static void narrow(
            int rows,
            int k,
            long a,
            long rowA,
            long stepA,
            long b,
            long stepB,
            long from,
            long rowFrom,
            long c,
            long rowC) {
        int row = 0;
        for (; row + 6 <= rows; row += 6) {
            Tile1.sixRows(
                    k, a + row * rowA, rowA, stepA, b, stepB, from + row * rowFrom, rowFrom, c + row * rowC, rowC);
        }
        for (; row < rows; row++) {
            Tile1.oneRow(k, a + row * rowA, stepA, b, stepB, from + row * rowFrom, c + row * rowC);
        }
    }
}
