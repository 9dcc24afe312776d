package dev.troupe.model.kernel.onednn;

/** What becomes of a tile of sums that was computed beside any matrix, on the thread that computed it. */
@FunctionalInterface
interface TileTask {
    /**
     * Takes the sums of {@code rows} rows from {@code row} on and of {@code columns} columns from {@code column} on, a
     * multiple of {@link Bf16Panels#COLUMNS}. Up to the next such multiple, sums are zero.
     *
     * @param tile address of the first; may be written
     * @param stride bytes from row to row
     */
    void take(int row, int rows, int column, int columns, long tile, long stride);
}
