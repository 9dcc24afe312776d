package dev.troupe.model.kernel.gemm;

import dev.troupe.model.kernel.vector.Lanes;

/**
 * The inner kernel of every matrix product here: a tile of C is kept in registers while k runs; each step is a row of a
 * panel of B times one broadcast element of A per row. Every element of a tile is thus one chain of fused multiply-adds
 * in order of k, starting at 0: the same bits whatever the tile, the number of rows or of threads.
 *
 * <p>A lies in strips [k][{@link #ROWS}], B in panels [k][{@link #COLUMNS}], so all distances are constants: with the
 * address masked to what a pointer can be, the compiler proves every access to be in bounds and leaves out the checks,
 * which on some processors compete with the multiply-adds for the same two ports.
 */
public final class GemmTile {
    /** Rows of a strip of A and of the largest tile. */
    public static final int ROWS = 12;

    /** Columns of a panel of B and of a tile: two vectors. */
    static final int COLUMNS = 2 * Lanes.LANES;

    /** Products that are summed in one chain. Part of the result's definition: the same for all shapes. */
    static final int DEPTH = Gemm.CHAIN;

    /** Byte distance from k to k + 1 in a strip. */
    public static final long ROW_A = ROWS * (long) Float.BYTES;

    /** Byte distance from k to k + 1 in a panel, and from row to row of a tile's sums. */
    static final long ROW_B = COLUMNS * (long) Float.BYTES;

    /** Does a tile of twelve rows fit the registers? */
    private static final boolean WIDE = Lanes.LANES >= 16;

    private GemmTile() {}

    /**
     * Sums [rows][COLUMNS] = A · B over {@code depth} products, at most {@link #DEPTH}.
     *
     * @param rows 1 to {@link #ROWS}
     * @param strip address of A in a strip of {@link LeftStrips}
     * @param panel address of B
     */
    public static void product(int rows, int depth, long strip, long panel, long sums) {
        if (GemmTileCode.RUNS) {
            GemmTileCode.product(rows, depth, strip, panel, sums);
        } else {
            vectorProduct(rows, depth, strip, panel, sums);
        }
    }

    /** {@link #product} by the Vector API. */
    static void vectorProduct(int rows, int depth, long strip, long panel, long sums) {
        if (rows == ROWS && WIDE) {
            TwelveRows.product(depth, strip, panel, sums);
            return;
        }
        int row = 0;
        if (WIDE) {
            if (rows >= 8) {
                FewRows.eight(depth, strip, panel, sums);
                row = 8;
            }
        } else {
            for (; row + 6 <= rows; row += 6) {
                FewRows.six(depth, strip + row * 4L, panel, sums + row * ROW_B);
            }
        }
        if (row + 4 <= rows) {
            FewRows.four(depth, strip + row * 4L, panel, sums + row * ROW_B);
            row += 4;
        }
        if (row + 2 <= rows) {
            FewRows.two(depth, strip + row * 4L, panel, sums + row * ROW_B);
            row += 2;
        }
        if (row < rows) {
            FewRows.one(depth, strip + row * 4L, panel, sums + row * ROW_B);
        }
    }
}
