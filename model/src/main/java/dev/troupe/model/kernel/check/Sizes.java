package dev.troupe.model.kernel.check;

/** The sizes that contracts sweep. */
final class Sizes {
    /** Rows: none, one, few, primes. */
    private static final int[] ROWS = {0, 1, 2, 7, 13};

    /** Elements of a row: one, 4, 8 and 16 lanes and one less or more, primes, whole vectors. */
    private static final int[] WIDTHS = {1, 3, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 127};

    private Sizes() {}

    /** A check of a matrix. */
    @FunctionalInterface
    interface Check {
        void at(int rows, int width);
    }

    /** All small sizes, then some rows of {@code realWidth}. */
    static void sweep(Check check, int realWidth) {
        for (int rows : ROWS) {
            for (int width : WIDTHS) {
                check.at(rows, width);
            }
        }
        check.at(67, realWidth);
    }
}
