package dev.troupe.model.kernel.attention;

import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;
import static dev.troupe.model.kernel.vector.Lanes.first;
import static dev.troupe.model.kernel.vector.Lanes.load;
import static dev.troupe.model.kernel.vector.Lanes.store;
import static dev.troupe.model.kernel.vector.Lanes.zero;

import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.kernel.vector.VectorMath;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * What attention does to one row of scores. Both the whole and the cached form call these with the row's own length, so
 * that its sums run in the same order.
 */
final class SoftmaxRow {
    private SoftmaxRow() {}

    static float max(int n, long row) {
        FloatVector max = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        int i = 0;
        for (; i + LANES <= n; i += LANES) {
            max = max.max(load(row + i * 4L));
        }
        if (i < n) {
            VectorMask<Float> tail = first(n - i);
            max = max.blend(max.max(load(row + i * 4L, tail)), tail);
        }
        return Lanes.max(max);
    }

    /** Scores become e^(scale·(score - max)), not yet divided by their sum, which is returned. */
    static float exponentials(int n, long row, float scale, float max) {
        FloatVector sum = zero();
        for (int i = 0; i < n; i += LANES) {
            VectorMask<Float> used = first(n - i);
            FloatVector e = FloatVector.zero(SPECIES)
                    .blend(VectorMath.exp(load(row + i * 4L, used).sub(max).mul(scale)), used);
            sum = sum.add(e);
            e.intoMemorySegment(MEMORY, row + i * 4L, ORDER, used);
        }
        return Lanes.sum(sum);
    }

    /** to = from · factor. */
    static void scale(int n, long from, float factor, long to) {
        int i = 0;
        for (; i + LANES <= n; i += LANES) {
            store(load(from + i * 4L).mul(factor), to + i * 4L);
        }
        if (i < n) {
            VectorMask<Float> tail = first(n - i);
            store(load(from + i * 4L, tail).mul(factor), to + i * 4L, tail);
        }
    }

    /** In place: scores to P = e^(scale·score - lse), dP to dS = P·(dP - delta)·scale. */
    static void backward(int n, long scores, long dScores, float scale, float lse, float delta) {
        for (int i = 0; i < n; i += LANES) {
            VectorMask<Float> used = first(n - i);
            long at = i * 4L;
            FloatVector d = load(dScores + at, used).sub(delta).mul(scale);
            FloatVector p = VectorMath.exp(load(scores + at, used).mul(scale).sub(lse));
            p.intoMemorySegment(MEMORY, scores + at, ORDER, used);
            d.mul(p).intoMemorySegment(MEMORY, dScores + at, ORDER, used);
        }
    }

    static float dot(int n, long a, long b) {
        FloatVector sum = zero();
        for (int i = 0; i < n; i += LANES) {
            VectorMask<Float> used = first(n - i);
            sum = load(a + i * 4L, used).fma(load(b + i * 4L, used), sum);
        }
        return Lanes.sum(sum);
    }

    /** Zeroes elements [from, to) of a row. */
    static void clear(int from, int to, long row) {
        for (int i = from; i < to; i += LANES) {
            store(zero(), row + i * 4L, first(to - i));
        }
    }
}
