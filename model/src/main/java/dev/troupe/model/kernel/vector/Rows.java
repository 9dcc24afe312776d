package dev.troupe.model.kernel.vector;

import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.first;
import static dev.troupe.model.kernel.vector.Lanes.load;
import static dev.troupe.model.kernel.vector.Lanes.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Rows of float32 at addresses: copied, added, and written as results of a product. */
public final class Rows {
    private Rows() {}

    /** Copies {@code count} numbers. */
    public static void copy(int count, long from, long to) {
        int i = 0;
        for (; i + LANES <= count; i += LANES) {
            store(load(from + i * 4L), to + i * 4L);
        }
        if (i < count) {
            VectorMask<Float> tail = first(count - i);
            store(load(from + i * 4L, tail), to + i * 4L, tail);
        }
    }

    /** Writes x + y, {@code count} numbers, to {@code to}, which may be either. */
    public static void add(int count, long x, long y, long to) {
        int i = 0;
        for (; i + LANES <= count; i += LANES) {
            store(load(x + i * 4L).add(load(y + i * 4L)), to + i * 4L);
        }
        if (i < count) {
            VectorMask<Float> tail = first(count - i);
            store(load(x + i * 4L, tail).add(load(y + i * 4L, tail)), to + i * 4L, tail);
        }
    }

    /** Writes x · factor, {@code count} numbers; false when one of them is infinite or no number. */
    public static boolean scale(int count, long x, float factor, long to) {
        boolean finite = true;
        int i = 0;
        for (; i + LANES <= count; i += LANES) {
            FloatVector scaled = load(x + i * 4L).mul(factor);
            finite &= scaled.test(VectorOperators.IS_FINITE).allTrue();
            store(scaled, to + i * 4L);
        }
        if (i < count) {
            VectorMask<Float> tail = first(count - i);
            FloatVector scaled = load(x + i * 4L, tail).mul(factor);
            finite &= scaled.test(VectorOperators.IS_FINITE).allTrue();
            store(scaled, to + i * 4L, tail);
        }
        return finite;
    }

    /**
     * Writes a row of a product: the sums, plus the addend, plus the bias, in this order.
     *
     * @param sums may be overwritten
     * @param addend what the sums are added to, perhaps {@code to}, or 0
     * @param bias what is added last, or 0
     */
    public static void finish(int count, long sums, long addend, long bias, long to) {
        if (addend == 0 && bias == 0) {
            copy(count, sums, to);
        } else if (bias == 0) {
            add(count, addend, sums, to);
        } else {
            if (addend != 0) {
                add(count, addend, sums, sums);
            }
            add(count, sums, bias, to);
        }
    }
}
