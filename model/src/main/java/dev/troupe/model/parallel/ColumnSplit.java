package dev.troupe.model.parallel;

import java.util.Arrays;

/** How the columns of a matrix [rows, width] are divided among ranks: rank r has [begin(r), end(r)), never none. */
public final class ColumnSplit {
    /** Parts start at a cache line of float32, and at a panel of a product, where there are enough columns. */
    private static final int GRAIN = 16;

    private final int[] bounds; // [ranks + 1]

    private ColumnSplit(int[] bounds) {
        this.bounds = bounds;
    }

    /**
     * Parts as equal as can be in multiples of 16 columns, or of one where there are few.
     *
     * @throws IllegalArgumentException when there are fewer columns than ranks
     */
    public static ColumnSplit even(int width, int ranks) {
        int grain = width >= GRAIN * ranks ? GRAIN : 1;
        int[] bounds = new int[ranks + 1];
        for (int r = 0; r < ranks; r++) {
            bounds[r] = (int) ((long) width * r / ranks) / grain * grain;
        }
        bounds[ranks] = width;
        return checked(bounds);
    }

    /**
     * Parts of whole groups of neighbouring columns, as equal as can be.
     *
     * @throws IllegalArgumentException when there are fewer groups than ranks
     */
    public static ColumnSplit ofGroups(int groups, int groupWidth, int ranks) {
        int[] bounds = new int[ranks + 1];
        for (int r = 0; r <= ranks; r++) {
            bounds[r] = (int) ((long) groups * r / ranks) * groupWidth;
        }
        return checked(bounds);
    }

    private static ColumnSplit checked(int[] bounds) {
        for (int r = 1; r < bounds.length; r++) {
            if (bounds[r] <= bounds[r - 1]) {
                throw new IllegalArgumentException(
                        bounds[bounds.length - 1] + " columns are too few for " + (bounds.length - 1) + " ranks");
            }
        }
        return new ColumnSplit(bounds);
    }

    public int ranks() {
        return bounds.length - 1;
    }

    /** All columns. */
    public int width() {
        return bounds[ranks()];
    }

    /** The first column of a rank. */
    public int begin(int rank) {
        return bounds[rank];
    }

    /** The one after its last. */
    public int end(int rank) {
        return bounds[rank + 1];
    }

    /** Columns of a rank. */
    public int count(int rank) {
        return end(rank) - begin(rank);
    }

    /** The rank that has a column. */
    public int owner(int column) {
        int at = Arrays.binarySearch(bounds, column);
        return at >= 0 ? at : -at - 2;
    }

    @Override
    public String toString() {
        return "ColumnSplit" + Arrays.toString(bounds);
    }
}
