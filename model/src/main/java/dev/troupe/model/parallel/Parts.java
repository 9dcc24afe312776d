package dev.troupe.model.parallel;

import java.util.Arrays;

/** How a row of elements is divided among ranks: rank r has [bounds[r], bounds[r + 1]). */
public final class Parts {
    /** Even parts start at a cache line of float32, so that no line is written by two. */
    private static final long GRAIN = 16;

    private Parts() {}

    /**
     * Parts of equal size but for the last ones, which may be smaller or empty: each is a multiple of 16 elements
     * except where the elements end.
     *
     * @return [ranks + 1]
     */
    public static long[] even(long size, int ranks) {
        long part = Math.ceilDiv(Math.ceilDiv(size, (long) ranks), GRAIN) * GRAIN;
        long[] bounds = new long[ranks + 1];
        for (int r = 1; r <= ranks; r++) {
            bounds[r] = Math.min(size, part * r);
        }
        return bounds;
    }

    /**
     * Checks what a caller gave.
     *
     * @throws IllegalArgumentException unless {@code bounds} are [ranks + 1], ascending from 0 to {@code size}
     */
    public static void check(long[] bounds, int ranks, long size) {
        boolean right = bounds.length == ranks + 1 && bounds[0] == 0 && bounds[ranks] == size;
        for (int r = 0; right && r < ranks; r++) {
            right = bounds[r] <= bounds[r + 1];
        }
        if (!right) {
            throw new IllegalArgumentException("bounds " + Arrays.toString(bounds) + " do not divide " + size
                    + " elements among " + ranks + " ranks: they must be " + (ranks + 1)
                    + " numbers, ascending from 0 to "
                    + size);
        }
    }
}
