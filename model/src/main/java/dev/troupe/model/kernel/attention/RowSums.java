package dev.troupe.model.kernel.attention;

import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.get;
import static dev.troupe.model.kernel.vector.Lanes.set;

import dev.troupe.model.kernel.vector.Lanes;
import java.lang.foreign.MemorySegment;

/**
 * What a set of query rows has summed so far, in scratch memory: weighted values [rows, padded D], lanes of the sum of
 * exponentials [rows, lanes], greatest scores [rows, and a vector more to read past the end]. A row that has seen
 * nothing has a greatest score of -infinity, and its sums are undefined.
 *
 * @param width padded D
 */
record RowSums(int rows, int width, long values, long sums, long maxima) {
    static RowSums at(int rows, int width, long address) {
        long sums = address + (long) rows * width * 4;
        return new RowSums(rows, width, address, sums, sums + (long) rows * LANES * 4);
    }

    static long bytes(int rows, int width) {
        return ((long) rows * width + (long) rows * LANES + PaddedRows.width(rows) + LANES) * 4;
    }

    void reset() {
        for (int r = 0; r < rows; r++) {
            set(maxima + r * 4L, Float.NEGATIVE_INFINITY);
        }
    }

    long valuesOf(int row) {
        return values + (long) row * width * 4;
    }

    long sumsOf(int row) {
        return sums + (long) row * LANES * 4;
    }

    /**
     * Adds the sums of a later segment.
     *
     * @param scratch 3 rows of {@code rows} numbers, each rounded up to whole vectors
     */
    void merge(RowSums later, long scratch) {
        int padded = PaddedRows.width(rows);
        long greatest = scratch;
        long mine = greatest + padded * 4L;
        long theirs = mine + padded * 4L;
        for (int r = 0; r < rows; r++) {
            set(greatest + r * 4L, Math.max(get(maxima + r * 4L), get(later.maxima + r * 4L)));
        }
        SoftmaxRow.expDifferences(padded, maxima, greatest, mine);
        SoftmaxRow.expDifferences(padded, later.maxima, greatest, theirs);
        for (int r = 0; r < rows; r++) {
            if (get(later.maxima + r * 4L) == Float.NEGATIVE_INFINITY) {
                continue;
            }
            if (get(maxima + r * 4L) == Float.NEGATIVE_INFINITY) {
                copy(later.valuesOf(r), valuesOf(r), width);
                copy(later.sumsOf(r), sumsOf(r), LANES);
            } else {
                float a = get(mine + r * 4L);
                float b = get(theirs + r * 4L);
                SoftmaxRow.merge(width, valuesOf(r), a, later.valuesOf(r), b);
                SoftmaxRow.merge(LANES, sumsOf(r), a, later.sumsOf(r), b);
            }
            set(maxima + r * 4L, get(greatest + r * 4L));
        }
    }

    private static void copy(long from, long to, int floats) {
        MemorySegment.copy(Lanes.MEMORY, from, Lanes.MEMORY, to, floats * 4L);
    }
}
