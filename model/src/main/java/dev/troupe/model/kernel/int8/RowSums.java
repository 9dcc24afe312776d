package dev.troupe.model.kernel.int8;

/** How sums of products of one row and panels of a weight are computed. All addresses are of working memory. */
interface RowSums {
    /** Panels that a thread goes through at once, at most. */
    int atOnce();

    /** Bytes of a panel's sums, of which the first {@link Int8Weight#COLUMNS} ints are read. */
    long panelBytes();

    /** Bytes that a row needs. */
    long rowBytes(int k);

    /**
     * Rounds a row for {@link #sum}.
     *
     * @param row of {@link #rowBytes}
     * @return its scale
     */
    float store(int k, long from, long row);

    /**
     * Sums of numbers plus {@link Int8Weight#SHIFT}, times those of {@code count} panels.
     *
     * @param row as {@link #store} left it
     * @param sums ints, {@link #panelBytes} from panel to panel
     */
    void sum(Int8Weight w, int panel, int count, long row, long sums);
}
