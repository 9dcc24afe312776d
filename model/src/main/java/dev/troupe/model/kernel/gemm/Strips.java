package dev.troupe.model.kernel.gemm;

import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.first;
import static dev.troupe.model.kernel.vector.Lanes.load;
import static dev.troupe.model.kernel.vector.Lanes.store;

import jdk.incubator.vector.VectorMask;

/**
 * The packed layout of a left-hand matrix that is stored transposed, [k, m]: strips of {@link GemmBlock#STRIP_ROWS}
 * rows one after the other, in each [k][STRIP_ROWS]. Read in place, every step of k would be on another line, and with
 * a row length that is a power of two all of them in a few sets of the cache.
 */
final class Strips {
    private static final int WIDTH = GemmBlock.STRIP_ROWS;
    private static final long BYTES = WIDTH * (long) Float.BYTES;

    private Strips() {}

    /** Byte distance from one strip to the next, and bytes of each. */
    static long bytes(int k) {
        return k * BYTES;
    }

    static int count(int m) {
        return (m + WIDTH - 1) / WIDTH;
    }

    /** Packs rows [from, to) of k of the stored matrix, whose rows are {@code stride} bytes apart. */
    static void pack(int from, int to, int k, int m, long a, long stride, long packed) {
        for (int p = from; p < to; p++) {
            long row = a + p * stride;
            for (int i = 0; i < m; i += WIDTH) {
                copy(Math.min(WIDTH, m - i), row + i * 4L, packed + i / WIDTH * bytes(k) + p * BYTES);
            }
        }
    }

    private static void copy(int count, long from, long to) {
        int j = 0;
        for (; j + LANES <= count; j += LANES) {
            store(load(from + j * 4L), to + j * 4L);
        }
        if (j < count) {
            VectorMask<Float> tail = first(count - j);
            store(load(from + j * 4L, tail), to + j * 4L, tail);
        }
    }
}
