package dev.troupe.model.kernel.gemm;

import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.first;
import static dev.troupe.model.kernel.vector.Lanes.load;
import static dev.troupe.model.kernel.vector.Lanes.store;

import dev.troupe.model.kernel.vector.Panels;
import dev.troupe.model.kernel.vector.Tiles;
import jdk.incubator.vector.VectorMask;

/**
 * One product over panels of B, any block of which a thread can compute. Addresses and distances are in bytes.
 *
 * @param rowA distance in A from row to row of a strip
 * @param stepA distance in A from k to k + 1
 * @param stripA distance in A from one strip of {@link #STRIP_ROWS} rows to the next
 * @param b address of B, in packed panels or in place
 * @param panelB distance in B from one panel's columns to the next's
 * @param rowB distance in B from k to k + 1, or 0 when the panels are packed: then it is a panel's width
 * @param addend address of what the product is added to, laid out as C and perhaps C itself, or 0
 * @param bias address of a row that is added last, or 0
 */
record GemmBlock(
        int k,
        int n,
        long a,
        long rowA,
        long stepA,
        long stripA,
        long b,
        long panelB,
        long rowB,
        long addend,
        long bias,
        long c,
        long rowC) {
    /** Products that are summed in one chain. Part of the result's definition: the same for all shapes. */
    static final int DEPTH = 256;

    /** Most rows of a block: its part of A stays in the middle cache while the panels pass by. */
    static final int ROWS = 768;

    /** Rows whose sums are collected beside C before they are added to it; a multiple of the tile's. */
    static final int STRIP_ROWS = 4 * Tiles.ROWS;

    static final long STRIP_BYTES = (long) STRIP_ROWS * Tiles.COLUMNS * Float.BYTES;

    /** Computes {@code rows} rows of one panel's columns, from {@code row} on, where a strip begins. */
    void compute(int panel, int row, int rows, long strip) {
        int columns = Panels.columns(n, panel);
        int width = Panels.width(n, panel);
        long panelStart = b + panel * panelB;
        long stepStrip = width * 4L;
        long stepB = rowB == 0 ? stepStrip : rowB;
        long corner = row * rowC + (long) panel * Tiles.COLUMNS * 4;
        long target = c + corner;
        for (int from = 0; from < Math.max(k, 1); from += DEPTH) {
            int depth = Math.min(DEPTH, k - from);
            long base = from > 0 ? target : addend == 0 ? 0 : addend + corner; // what this block's sums are added to
            long blockB = panelStart + from * stepB;
            for (int at = 0; at < rows; at += STRIP_ROWS) {
                int height = Math.min(STRIP_ROWS, rows - at);
                long blockA = a + (row + at) / STRIP_ROWS * stripA + from * stepA;
                long to = target + at * rowC;
                if (base != 0 || columns < width) {
                    Tiles.product(height, width, depth, blockA, rowA, stepA, blockB, stepB, strip, stepStrip, false);
                    move(height, columns, strip, stepStrip, base == 0 ? 0 : base + at * rowC, to);
                } else {
                    Tiles.product(height, width, depth, blockA, rowA, stepA, blockB, stepB, to, rowC, false);
                }
            }
        }
        if (bias != 0) {
            for (int at = 0; at < rows; at++) {
                addRow(columns, bias + (long) panel * Tiles.COLUMNS * 4, target + at * rowC, target + at * rowC);
            }
        }
    }

    private void move(int rows, int columns, long from, long rowFrom, long base, long to) {
        for (int r = 0; r < rows; r++) {
            if (base != 0) {
                addRow(columns, from + r * rowFrom, base + r * rowC, to + r * rowC);
            } else {
                copyRow(columns, from + r * rowFrom, to + r * rowC);
            }
        }
    }

    private static void addRow(int columns, long x, long base, long to) {
        int j = 0;
        for (; j + LANES <= columns; j += LANES) {
            store(load(base + j * 4L).add(load(x + j * 4L)), to + j * 4L);
        }
        if (j < columns) {
            VectorMask<Float> tail = first(columns - j);
            store(load(base + j * 4L, tail).add(load(x + j * 4L, tail)), to + j * 4L, tail);
        }
    }

    private static void copyRow(int columns, long from, long to) {
        int j = 0;
        for (; j + LANES <= columns; j += LANES) {
            store(load(from + j * 4L), to + j * 4L);
        }
        if (j < columns) {
            store(load(from + j * 4L), to + j * 4L, first(columns - j));
        }
    }
}
