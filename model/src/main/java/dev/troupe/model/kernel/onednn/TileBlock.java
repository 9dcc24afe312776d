package dev.troupe.model.kernel.onednn;

import dev.troupe.model.kernel.vector.Rows;
import dev.troupe.model.kernel.vector.ScratchPool;

/**
 * One product over prepared operands, any block of which a thread can compute. Addresses are of the first row and
 * column; distances are in elements.
 *
 * @param depth k, rounded up as the operands are
 * @param a rows of bf16, with memory for {@link TileSizes#TILE_ROWS} rows after the last
 * @param b panels of bf16
 * @param addend what the product is added to, laid out as C and perhaps C itself, or 0
 * @param bias a row that is added last, or 0
 */
record TileBlock(
        TileProducts products,
        TileSizes sizes,
        ScratchPool scratch,
        int n,
        int depth,
        long a,
        long b,
        long addend,
        long bias,
        long c,
        int rowC) {
    private static final int MOST_PANELS = 16;

    /** Of a tile that is computed beside C and waits in the cache. */
    private static final int MOST_PANELS_ASIDE = 4;

    /** Computes {@code rows} rows of {@code panels} panels' columns. */
    void compute(int row, int rows, int panel, int panels) {
        boolean direct = addend == 0 && bias == 0;
        int end = panel + panels;
        int whole = direct ? Math.min(end, n / Bf16Panels.COLUMNS) : panel; // of all columns, where C can take the tile
        for (int at = panel; at < end; ) {
            int width = at < whole
                    ? sizes.panelsFor(whole - at, MOST_PANELS)
                    : sizes.panelsFor(end - at, MOST_PANELS_ASIDE);
            columns(row, rows, at, width, at < whole);
            at += width;
        }
    }

    private void columns(int row, int rows, int panel, int width, boolean direct) {
        int column = panel * Bf16Panels.COLUMNS;
        int real = Math.min(width * Bf16Panels.COLUMNS, n - column);
        long tileB = b + panel * Bf16Panels.panelBytes(depth);
        long biasRow = bias == 0 ? 0 : bias + column * 4L;
        int done = 0;
        while (done < rows) {
            int height = sizes.rowsFor(rows - done, direct ? TileSizes.MOST_ROWS : TileSizes.TILE_ROWS);
            int kept = Math.min(height, rows - done);
            long tileA = a + (row + done) * Bf16Panels.rowBytes(depth);
            long corner = ((long) (row + done) * rowC + column) * Float.BYTES;
            if (direct && kept == height) {
                products.get(new TileShape(height, width, depth, rowC)).run(tileA, tileB, c + corner);
            } else {
                aside(height, width, tileA, tileB, kept, real, corner, biasRow);
            }
            done += kept;
        }
    }

    /** Computes a tile beside C, and stores those of its rows and columns that are C's. */
    private void aside(
            int height, int width, long tileA, long tileB, int rows, int columns, long corner, long biasRow) {
        int stride = width * Bf16Panels.COLUMNS;
        try (ScratchPool.Scratch tile = scratch.borrow((long) height * stride * Float.BYTES)) {
            products.get(new TileShape(height, width, depth, stride)).run(tileA, tileB, tile.address());
            for (int r = 0; r < rows; r++) {
                long at = corner + (long) r * rowC * Float.BYTES;
                long from = tile.address() + (long) r * stride * Float.BYTES;
                Rows.finish(columns, from, addend == 0 ? 0 : addend + at, biasRow, c + at);
            }
        }
    }
}
