package dev.troupe.model.kernel.gemm;

import static dev.troupe.model.kernel.gemm.GemmTile.COLUMNS;
import static dev.troupe.model.kernel.gemm.GemmTile.DEPTH;
import static dev.troupe.model.kernel.gemm.GemmTile.ROWS;
import static dev.troupe.model.kernel.gemm.GemmTile.ROW_A;
import static dev.troupe.model.kernel.gemm.GemmTile.ROW_B;
import static dev.troupe.model.kernel.vector.Lanes.BYTES;
import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.first;
import static dev.troupe.model.kernel.vector.Lanes.load;
import static dev.troupe.model.kernel.vector.Lanes.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Where a product goes, and how a block of it is computed from packed strips and a packed panel. Addresses and
 * distances are in bytes.
 *
 * @param k length of the whole sums
 * @param addend address of what the product is added to, laid out as C and perhaps C itself, or 0
 * @param bias address of a row that is added last, or 0
 * @param rowC distance from row to row of C and of the addend
 */
record GemmBlock(int k, long addend, long bias, long c, long rowC) {
    /** Bytes of working memory for one tile. */
    private static final long TILE_BYTES = ROWS * ROW_B;

    /** Bytes of working memory for {@link #compute}: the sums so far of all rows, and one tile. */
    static long workBytes(int rows) {
        return (rows + ROWS) * ROW_B;
    }

    /**
     * Adds the products of {@code depth} values of k to {@code rows} rows by one panel's columns of C.
     *
     * @param from the first value of k, a multiple of {@link GemmTile#DEPTH}; calls for a block of C come in order of
     *     it
     * @param strips the rows' strips over these k, see {@link LeftStrips}
     * @param panel the panel over these k, see {@link RightPanels}
     */
    void compute(int row, int rows, int column, int columns, int from, int depth, long strips, long panel, long work) {
        long sums = work + TILE_BYTES;
        long corner = row * rowC + column * 4L;
        long stripBytes = LeftStrips.bytes(depth);
        for (int at = 0; at < depth || at == 0; at += DEPTH) {
            int steps = Math.min(DEPTH, depth - at);
            boolean starts = at == 0;
            boolean ends = at + DEPTH >= depth;
            long base = !starts ? sums : from > 0 ? c + corner : addend == 0 ? 0 : addend + corner;
            long rowBase = starts ? rowC : ROW_B;
            long to = ends ? c + corner : sums;
            long rowTo = ends ? rowC : ROW_B;
            long last = ends && from + depth >= k && bias != 0 ? bias + column * 4L : 0;
            long pieceA = strips + at * ROW_A;
            long pieceB = panel + at * ROW_B;
            boolean byCode = GemmTileCode.RUNS && columns == COLUMNS && last == 0 && (base == 0 || rowBase == rowTo);
            for (int r = 0; r < rows; r += ROWS) {
                int height = Math.min(ROWS, rows - r);
                long baseRow = base == 0 ? 0 : base + r * rowBase;
                long toRow = to + r * rowTo;
                if (byCode) {
                    GemmTileCode.product(height, steps, pieceA, pieceB, baseRow, toRow, rowTo);
                } else {
                    GemmTile.product(height, steps, pieceA, pieceB, work);
                    if (columns == COLUMNS) {
                        whole(height, baseRow, rowBase, work, last, toRow, rowTo);
                    } else {
                        narrow(height, columns, baseRow, rowBase, work, last, toRow, rowTo);
                    }
                }
                pieceA += stripBytes;
            }
        }
    }

    /** To = base + tile + bias, a whole panel wide. */
    private static void whole(int rows, long base, long rowBase, long tile, long bias, long to, long rowTo) {
        for (int r = 0; r < rows; r++) {
            FloatVector left = load(tile + r * ROW_B);
            FloatVector right = load(tile + r * ROW_B + BYTES);
            if (base != 0) {
                left = load(base + r * rowBase).add(left);
                right = load(base + r * rowBase + BYTES).add(right);
            }
            if (bias != 0) {
                left = left.add(load(bias));
                right = right.add(load(bias + BYTES));
            }
            store(left, to + r * rowTo);
            store(right, to + r * rowTo + BYTES);
        }
    }

    /** As {@link #whole}, of the first {@code columns} columns. */
    private static void narrow(
            int rows, int columns, long base, long rowBase, long tile, long bias, long to, long rowTo) {
        for (int j = 0; j < columns; j += LANES) {
            VectorMask<Float> real = first(columns - j);
            long at = j * 4L;
            for (int r = 0; r < rows; r++) {
                FloatVector sum = load(tile + r * ROW_B + at);
                if (base != 0) {
                    sum = load(base + r * rowBase + at, real).add(sum);
                }
                if (bias != 0) {
                    sum = sum.add(load(bias + at, real));
                }
                store(sum, to + r * rowTo + at, real);
            }
        }
    }
}
