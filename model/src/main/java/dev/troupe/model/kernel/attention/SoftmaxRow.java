package dev.troupe.model.kernel.attention;

import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;
import static dev.troupe.model.kernel.vector.Lanes.first;
import static dev.troupe.model.kernel.vector.Lanes.load;
import static dev.troupe.model.kernel.vector.Lanes.store;

import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.kernel.vector.VectorMath;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * What attention does to one row of a span's scores, of which [from, to) are seen. Addresses are of element 0, which is
 * the span's first key; ranges called whole begin and end with whole vectors.
 */
final class SoftmaxRow {
    private static final FloatVector COUNT = FloatVector.zero(SPECIES).addIndex(1);

    private SoftmaxRow() {}

    static boolean isWhole(int from, int to) {
        return (from | to) % LANES == 0;
    }

    /** The seen lanes of the vector at {@code i}. */
    private static VectorMask<Float> seen(int i, int from, int to) {
        return first(to - i).andNot(first(from - i));
    }

    /** The greatest score. */
    static float max(int from, int to, long row) {
        FloatVector max = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        if (isWhole(from, to)) {
            for (int i = from; i < to; i += LANES) {
                max = max.max(load(row + i * 4L));
            }
        } else {
            for (int i = from / LANES * LANES; i < to; i += LANES) {
                VectorMask<Float> seen = seen(i, from, to);
                max = max.blend(max.max(load(row + i * 4L, seen)), seen);
            }
        }
        return Lanes.max(max);
    }

    /** Scores become e^(score - max) and are added to the lanes of the sums. */
    static void wholeExponentials(int from, int to, long row, float max, long sums) {
        FloatVector sum = load(sums);
        for (int i = from; i < to; i += LANES) {
            FloatVector e = VectorMath.exp(load(row + i * 4L).sub(max));
            sum = sum.add(e);
            e.intoMemorySegment(MEMORY, row + i * 4L, ORDER);
        }
        store(sum, sums);
    }

    /** As {@link #wholeExponentials}; the rest of [begin, end), whole vectors, becomes zero. */
    static void exponentials(int begin, int from, int to, int end, long row, float max, long sums) {
        FloatVector sum = load(sums);
        for (int i = begin; i < end; i += LANES) {
            VectorMask<Float> seen = seen(i, from, to);
            FloatVector e = FloatVector.zero(SPECIES)
                    .blend(VectorMath.exp(load(row + i * 4L, seen).sub(max)), seen);
            sum = sum.add(e);
            e.intoMemorySegment(MEMORY, row + i * 4L, ORDER);
        }
        store(sum, sums);
    }

    /** score -= slope · distance to the key, of whole vectors; {@code distance} is that of element 0. */
    static void addBias(int begin, int end, long row, float slope, int distance) {
        for (int i = begin; i < end; i += LANES) {
            FloatVector away = COUNT.sub(distance - i); // -(distance to the key)
            store(away.fma(FloatVector.broadcast(SPECIES, slope), load(row + i * 4L)), row + i * 4L);
        }
    }

    /** row *= factor, whole vectors. */
    static void scale(int n, long row, float factor) {
        for (int i = 0; i < n; i += LANES) {
            store(load(row + i * 4L).mul(factor), row + i * 4L);
        }
    }

    /** to = to · factor + from · factorFrom, whole vectors. */
    static void merge(int n, long to, float factor, long from, float factorFrom) {
        for (int i = 0; i < n; i += LANES) {
            FloatVector scaled = load(to + i * 4L).mul(factor);
            store(load(from + i * 4L).fma(FloatVector.broadcast(SPECIES, factorFrom), scaled), to + i * 4L);
        }
    }

    /** to = from · factor, {@code from} in whole vectors; adding zero makes one zero of both. */
    static void finish(int n, long from, float factor, long to) {
        int i = 0;
        for (; i + LANES <= n; i += LANES) {
            store(load(from + i * 4L).mul(factor).add(0f), to + i * 4L);
        }
        if (i < n) {
            store(load(from + i * 4L).mul(factor).add(0f), to + i * 4L, first(n - i));
        }
    }

    /** to = e^(from - max), element by element, whole vectors. */
    static void expDifferences(int n, long from, long max, long to) {
        for (int i = 0; i < n; i += LANES) {
            VectorMath.exp(load(from + i * 4L).sub(load(max + i * 4L))).intoMemorySegment(MEMORY, to + i * 4L, ORDER);
        }
    }

    /** In place: scores to P = e^(score - lse), dP to dS = P·(dP - delta), over whole vectors. */
    static void wholeBackward(int from, int to, long scores, long dScores, float lse, float delta) {
        for (int i = from; i < to; i += LANES) {
            long at = i * 4L;
            FloatVector d = load(dScores + at).sub(delta);
            FloatVector p = VectorMath.exp(load(scores + at).sub(lse));
            p.intoMemorySegment(MEMORY, scores + at, ORDER);
            d.mul(p).intoMemorySegment(MEMORY, dScores + at, ORDER);
        }
    }

    /** As {@link #wholeBackward}; the rest of [begin, end), whole vectors, becomes zero. */
    static void backward(int begin, int from, int to, int end, long scores, long dScores, float lse, float delta) {
        for (int i = begin; i < end; i += LANES) {
            VectorMask<Float> seen = seen(i, from, to);
            long at = i * 4L;
            FloatVector zero = FloatVector.zero(SPECIES);
            FloatVector d = zero.blend(load(dScores + at, seen).sub(delta), seen);
            FloatVector p = zero.blend(VectorMath.exp(load(scores + at, seen).sub(lse)), seen);
            p.intoMemorySegment(MEMORY, scores + at, ORDER);
            d.mul(p).intoMemorySegment(MEMORY, dScores + at, ORDER);
        }
    }

    static float dot(int n, long a, long b) {
        FloatVector sum = FloatVector.zero(SPECIES);
        for (int i = 0; i < n; i += LANES) {
            VectorMask<Float> used = first(n - i);
            sum = load(a + i * 4L, used).fma(load(b + i * 4L, used), sum);
        }
        return Lanes.sum(sum);
    }
}
