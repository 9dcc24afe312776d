package dev.troupe.model.kernel.attention;

import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.first;
import static dev.troupe.model.kernel.vector.Lanes.load;
import static dev.troupe.model.kernel.vector.Lanes.store;
import static dev.troupe.model.kernel.vector.Lanes.zero;

import dev.troupe.model.kernel.vector.Lanes;
import jdk.incubator.vector.FloatVector;

/** Rows of one head, copied apart where its width is not a whole number of vectors: tiles read and write whole ones. */
final class PaddedRows {
    private PaddedRows() {}

    /** Elements of a padded row. */
    static int width(int dim) {
        return (dim + LANES - 1) / LANES * LANES;
    }

    /** Bytes rounded up to whole cache lines. */
    static long lines(long bytes) {
        return (bytes + 63) / 64 * 64;
    }

    /** Copies rows and pads them with zeros; strides in bytes. */
    static void pad(int rows, int dim, long from, long stride, long to) {
        int width = width(dim);
        for (int r = 0; r < rows; r++) {
            int i = 0;
            for (; i + LANES <= dim; i += LANES) {
                store(load(from + r * stride + i * 4L), to + ((long) r * width + i) * 4);
            }
            if (i < dim) {
                store(load(from + r * stride + i * 4L, first(dim - i)), to + ((long) r * width + i) * 4);
            }
        }
    }

    /** Whether all numbers of padded rows are finite; the padding may be anything. */
    static boolean finite(int rows, int dim, long from) {
        int width = width(dim);
        FloatVector sum = zero(); // of zeros; a number that is not finite, times zero, is none
        for (int r = 0; r < rows; r++) {
            long row = from + (long) r * width * 4;
            int i = 0;
            for (; i + LANES <= dim; i += LANES) {
                sum = load(row + i * 4L).fma(zero(), sum);
            }
            if (i < dim) {
                sum = load(row + i * 4L, first(dim - i)).fma(zero(), sum);
            }
        }
        return Lanes.sum(sum) == 0;
    }

    /** As {@link #pad}, each element times {@code factor}. */
    static void padScaled(int rows, int dim, long from, long stride, float factor, long to) {
        int width = width(dim);
        for (int r = 0; r < rows; r++) {
            int i = 0;
            for (; i + LANES <= dim; i += LANES) {
                store(load(from + r * stride + i * 4L).mul(factor), to + ((long) r * width + i) * 4);
            }
            if (i < dim) {
                store(load(from + r * stride + i * 4L, first(dim - i)).mul(factor), to + ((long) r * width + i) * 4);
            }
        }
    }

    /** Copies rows back without the padding, each element times {@code factor}. */
    static void unpad(int rows, int dim, long from, float factor, long to, long stride) {
        int width = width(dim);
        for (int r = 0; r < rows; r++) {
            int i = 0;
            for (; i + LANES <= dim; i += LANES) {
                store(load(from + ((long) r * width + i) * 4).mul(factor), to + r * stride + i * 4L);
            }
            if (i < dim) {
                store(load(from + ((long) r * width + i) * 4).mul(factor), to + r * stride + i * 4L, first(dim - i));
            }
        }
    }
}
