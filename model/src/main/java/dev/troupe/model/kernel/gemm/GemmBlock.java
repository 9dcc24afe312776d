package dev.troupe.model.kernel.gemm;

import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.first;
import static dev.troupe.model.kernel.vector.Lanes.load;
import static dev.troupe.model.kernel.vector.Lanes.store;

import dev.troupe.model.kernel.vector.Panels;
import dev.troupe.model.kernel.vector.Tiles;
import jdk.incubator.vector.VectorMask;

/**
 * One product over packed panels, any block of which a thread can compute. Addresses and distances are in bytes.
 *
 * @param rowA distance in A from row to row
 * @param stepA distance in A from k to k + 1
 * @param bias address of a row that is added last, or 0
 */
record GemmBlock(
        int k, int n, long a, long rowA, long stepA, long packed, long bias, long c, long rowC, boolean accumulate) {
    /** Products that are summed in one chain. Part of the result's definition: the same for all shapes. */
    static final int DEPTH = 256;

    /** Most rows of a block: its part of A stays in the middle cache while the panels pass by. */
    static final int ROWS = 768;

    /** Rows whose sums are collected beside C before they are added to it; a multiple of the tile's. */
    private static final int STRIP_ROWS = 4 * Tiles.ROWS;

    static final long STRIP_BYTES = (long) STRIP_ROWS * Tiles.COLUMNS * Float.BYTES;

    /** Computes {@code rows} rows of one panel's columns. */
    void compute(int panel, int row, int rows, long strip) {
        int columns = Panels.columns(n, panel);
        int width = Panels.width(n, panel);
        long b = packed + Panels.offset(k, panel);
        long stepB = width * 4L;
        long target = c + row * rowC + (long) panel * Tiles.COLUMNS * 4;
        for (int from = 0; from < Math.max(k, 1); from += DEPTH) {
            int depth = Math.min(DEPTH, k - from);
            boolean add = accumulate || from > 0;
            long blockB = b + from * stepB;
            for (int at = 0; at < rows; at += STRIP_ROWS) {
                int height = Math.min(STRIP_ROWS, rows - at);
                long blockA = a + (row + at) * rowA + from * stepA;
                long to = target + at * rowC;
                if (add || columns < width) {
                    Tiles.product(height, width, depth, blockA, rowA, stepA, blockB, stepB, strip, stepB, false);
                    move(height, columns, strip, stepB, to, add);
                } else {
                    Tiles.product(height, width, depth, blockA, rowA, stepA, blockB, stepB, to, rowC, false);
                }
            }
        }
        if (bias != 0) {
            for (int at = 0; at < rows; at++) {
                addRow(columns, bias + (long) panel * Tiles.COLUMNS * 4, target + at * rowC);
            }
        }
    }

    private void move(int rows, int columns, long from, long rowFrom, long to, boolean add) {
        for (int r = 0; r < rows; r++) {
            if (add) {
                addRow(columns, from + r * rowFrom, to + r * rowC);
            } else {
                copyRow(columns, from + r * rowFrom, to + r * rowC);
            }
        }
    }

    private static void addRow(int columns, long from, long to) {
        int j = 0;
        for (; j + LANES <= columns; j += LANES) {
            store(load(to + j * 4L).add(load(from + j * 4L)), to + j * 4L);
        }
        if (j < columns) {
            VectorMask<Float> tail = first(columns - j);
            store(load(to + j * 4L, tail).add(load(from + j * 4L, tail)), to + j * 4L, tail);
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
