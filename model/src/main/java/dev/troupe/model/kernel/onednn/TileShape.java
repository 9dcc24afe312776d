package dev.troupe.model.kernel.onednn;

/**
 * One tile of a product: [rows, 64 · panels] = A [rows, depth] · B [depth, 64 · panels].
 *
 * @param depth a multiple of {@link Bf16Panels#DEPTH}, or of 64 for bytes
 * @param rowC distance between the rows of C in elements
 */
record TileShape(int rows, int panels, int depth, int rowC) {
    /** Written out: a record's own takes a quarter of a microsecond here, as long as a small tile of few rows. */
    @Override
    public int hashCode() {
        return ((rows * 31 + panels) * 31 + depth) * 31 + rowC;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TileShape o
                && rows == o.rows
                && panels == o.panels
                && depth == o.depth
                && rowC == o.rowC;
    }

    int columns() {
        return panels * Bf16Panels.COLUMNS;
    }
}
