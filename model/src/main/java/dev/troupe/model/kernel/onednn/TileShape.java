package dev.troupe.model.kernel.onednn;

/**
 * One tile of a product: [rows, 64 · panels] = A [rows, depth] · B [depth, 64 · panels].
 *
 * @param depth a multiple of {@link Bf16Panels#DEPTH}, or of 64 for bytes
 * @param rowC distance between the rows of C in elements
 */
record TileShape(int rows, int panels, int depth, int rowC) {
    int columns() {
        return panels * Bf16Panels.COLUMNS;
    }
}
