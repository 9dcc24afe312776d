package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.quantized.PanelFormat.COLUMNS;
import static dev.troupe.model.kernel.quantized.PanelFormat.PAIR;
import static dev.troupe.model.kernel.quantized.PanelFormat.TABLE_BYTES;
import static dev.troupe.model.kernel.quantized.WeightProduct.DEPTH;

import dev.troupe.model.kernel.vector.Rows;
import dev.troupe.model.kernel.vector.Tiles;

/**
 * One product with packed weights, any panels of which a thread can compute. Addresses and distances are in bytes.
 *
 * <p>One row is multiplied with numbers as they are unpacked in registers: the weights pass by once, at the speed of
 * memory. So are a few rows, where the format can do that. For more a chain's depth of two panels is unpacked into the
 * cache and multiplied as float32; the rows share the work of unpacking.
 *
 * @param addend address of what the product is added to: C, or 0
 * @param bias address of a row that is added last, or 0
 */
record PanelProduct(
        PanelFormat format, int n, int k, long a, long rowA, long weights, long addend, long bias, long c, long rowC) {
    /** Rows whose sums are collected before they are added to C; a multiple of the tiles'. */
    static final int STRIP_ROWS = 4 * Tiles.ROWS;

    private static final long ROW = ChainSums.ROW; // of unpacked numbers, too
    private static final long SUMS = TABLE_BYTES;
    private static final long UNPACKED = SUMS + STRIP_ROWS * ROW;

    /** Bytes of {@link #row}'s scratch memory. */
    static final long ROW_SCRATCH = UNPACKED;

    /** Bytes of {@link #rows}' scratch memory: tables, sums, unpacked numbers. */
    static final long ROWS_SCRATCH = UNPACKED + DEPTH * ROW;

    static int panels(int n) {
        return Math.ceilDiv(n, COLUMNS);
    }

    /** The same of another A, at this address. */
    PanelProduct of(long otherA) {
        return new PanelProduct(format, n, k, otherA, rowA, weights, addend, bias, c, rowC);
    }

    /**
     * Row 0 of C in {@code count} panels, at most {@link PanelFormat#most}; A is multiplied with the format's factor.
     *
     * @param apart panels from one to the next
     */
    void row(int panel, int count, int apart, long scratch) {
        long start = weights + panel * format.bytes(k);
        long distance = apart * format.bytes(k);
        long sums = scratch + SUMS;
        for (int from = 0; from < Math.max(k, 1); from += DEPTH) {
            int depth = Math.min(DEPTH, k - from);
            for (int column = 0; column < COLUMNS; column += PAIR) {
                format.multiply(
                        count,
                        depth,
                        a + from * 4L,
                        start + format.bytes(from),
                        distance,
                        scratch,
                        column,
                        sums + column * 4L);
            }
            for (int p = 0; p < count; p++) {
                add(panel + p * apart, 1, from, 0, 1, sums + p * PanelFormat.SUMS);
            }
        }
        for (int p = 0; p < count; p++) {
            addBias(panel + p * apart, 1, 0, 1);
        }
    }

    /** Rows of C from {@code row} on in {@code count} panels, 1 or 2, from {@code panel} on. */
    void rows(int panel, int count, int row, int rows, long scratch) {
        int width = count * COLUMNS;
        long sums = scratch + SUMS;
        long unpacked = scratch + UNPACKED;
        for (int from = 0; from < Math.max(k, 1); from += DEPTH) {
            int depth = Math.min(DEPTH, k - from);
            unpack(panel, count, from, depth, scratch, unpacked);
            for (int at = row; at < row + rows; at += STRIP_ROWS) {
                int height = Math.min(STRIP_ROWS, row + rows - at);
                long blockA = a + at * rowA + from * 4L;
                Tiles.product(height, width, depth, blockA, rowA, 4, unpacked, ROW, sums, ROW, false);
                add(panel, count, from, at, height, sums);
            }
        }
        addBias(panel, count, row, rows);
    }

    /**
     * Rows [0, rows) of C in one panel, by the format's own products, for few rows: each time some are multiplied, the
     * weights are unpacked anew, in registers.
     *
     * @param rows at least two; the format takes at most {@link #STRIP_ROWS} of them at once
     */
    void fewRows(int panel, int rows, long scratch) {
        long start = weights + panel * format.bytes(k);
        long sums = scratch + SUMS;
        int strips = Math.ceilDiv(rows, format.mostRows());
        for (int from = 0; from < Math.max(k, 1); from += DEPTH) {
            int depth = Math.min(DEPTH, k - from);
            for (int strip = 0; strip < strips; strip++) {
                int row = strip * rows / strips;
                int height = (strip + 1) * rows / strips - row;
                long blockA = a + row * rowA + from * 4L;
                format.multiplyRows(height, depth, blockA, rowA, start + format.bytes(from), sums);
                add(panel, 1, from, row, height, sums);
            }
        }
        addBias(panel, 1, 0, rows);
    }

    private void unpack(int panel, int count, int from, int depth, long table, long to) {
        for (int p = 0; p < count; p++) {
            long start = weights + (panel + p) * format.bytes(k);
            PanelReader.read(format, start, from, depth, table, to + p * (COLUMNS * 4L), ROW);
        }
    }

    private int columns(int panel, int count) {
        return Math.min(count * COLUMNS, n - panel * COLUMNS);
    }

    /** Adds the sums of a chain to C, or begins C with them. */
    private void add(int panel, int count, int from, int row, int rows, long sums) {
        long corner = row * rowC + panel * (COLUMNS * 4L);
        long base = from > 0 ? c : addend;
        ChainSums.write(rows, columns(panel, count), sums, base == 0 ? 0 : base + corner, c + corner, rowC);
    }

    private void addBias(int panel, int count, int row, int rows) {
        if (bias == 0) {
            return;
        }
        long offset = panel * (COLUMNS * 4L);
        for (int r = row; r < row + rows; r++) {
            long to = c + r * rowC + offset;
            Rows.add(columns(panel, count), to, bias + offset, to);
        }
    }
}
