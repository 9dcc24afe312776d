package dev.troupe.model.kernel.attention;

import static dev.troupe.model.kernel.attention.KeySpans.SCORE_ROW;
import static dev.troupe.model.kernel.vector.Lanes.BYTES;
import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;
import static dev.troupe.model.kernel.vector.Lanes.first;
import static dev.troupe.model.kernel.vector.Lanes.get;
import static dev.troupe.model.kernel.vector.Lanes.load;
import static dev.troupe.model.kernel.vector.Lanes.set;
import static dev.troupe.model.kernel.vector.Lanes.store;

import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.kernel.vector.VectorMath;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * What attention does to rows of a span's scores, of which [from, to) are seen. Addresses are of element 0, which is
 * the span's first key or that of the first whole vector with a key that is seen; ranges called whole begin and end
 * with whole vectors.
 */
final class SoftmaxRow {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final FloatVector COUNT = FloatVector.zero(SPECIES).addIndex(1);

    /** Bytes of a row's numbers for {@link #backward}. */
    static final long NUMBERS = 16;

    /** Where in a row's numbers this one is; bounds come first. */
    static final long LOG_SUM_EXP = 8;

    /** Where in a row's numbers this one is. */
    static final long DELTA = 12;

    private SoftmaxRow() {}

    /** The lanes of the vector at {@code i} that are seen. */
    private static VectorMask<Float> seen(int i, int from, int to) {
        return first(to - i).andNot(first(from - i));
    }

    /**
     * The greatest score of each row, NaN aside; at least the least finite number, so that the sums show a row of NaN.
     *
     * @param rows at least 1
     * @param width of the rows, whole vectors, at least one
     * @param bounds of each row the first key that is seen and the one after the last, as ints
     */
    static void maxima(int rows, int width, long scores, long bounds, long to) {
        if (WrittenSoftmax.RUNS) {
            WrittenSoftmax.maxima(rows, width, scores, bounds, to);
        } else {
            vectorMaxima(rows, scores, bounds, to);
        }
    }

    /** {@link #maxima} by the Vector API. */
    static void vectorMaxima(int rows, long scores, long bounds, long to) {
        for (int r = 0; r < rows; r++) {
            int from = MEMORY.get(INT, bounds + r * 8L);
            set(to + r * 4L, max(from, MEMORY.get(INT, bounds + r * 8L + 4), scores + r * SCORE_ROW));
        }
    }

    private static float max(int from, int to, long row) {
        FloatVector max = FloatVector.broadcast(SPECIES, -Float.MAX_VALUE);
        int i = from;
        if (from % LANES == 0) {
            for (; i + LANES <= to; i += LANES) {
                FloatVector score = load(row + i * 4L);
                max = max.blend(score, score.compare(VectorOperators.GT, max));
            }
        }
        for (i = i / LANES * LANES; i < to; i += LANES) {
            FloatVector score = load(row + i * 4L);
            max = max.blend(score, score.compare(VectorOperators.GT, max).and(seen(i, from, to)));
        }
        return Lanes.max(max);
    }

    /**
     * Scores of the seen become e^(score - max) and are added to the lanes of the row's sums; the rest of the width
     * becomes zero.
     *
     * @param bounds as in {@link #maxima}, as are rows and width
     * @param maxima of each row
     * @param sums [rows, lanes]
     */
    static void exponentials(int rows, int width, long scores, long bounds, long maxima, long sums) {
        if (WrittenSoftmax.RUNS) {
            WrittenSoftmax.exponentials(rows, width, scores, bounds, maxima, sums);
        } else {
            vectorExponentials(rows, width, scores, bounds, maxima, sums);
        }
    }

    /** {@link #exponentials} by the Vector API. */
    static void vectorExponentials(int rows, int width, long scores, long bounds, long maxima, long sums) {
        for (int r = 0; r < rows; r++) {
            int from = MEMORY.get(INT, bounds + r * 8L);
            int to = MEMORY.get(INT, bounds + r * 8L + 4);
            long row = scores + r * SCORE_ROW;
            FloatVector max = FloatVector.broadcast(SPECIES, get(maxima + r * 4L));
            FloatVector sum = load(sums + r * BYTES);
            for (int i = 0; i < width; i += LANES) {
                VectorMask<Float> seen = first(to - i).andNot(first(from - i));
                FloatVector e = FloatVector.zero(SPECIES)
                        .blend(VectorMath.exp(load(row + i * 4L).sub(max)), seen);
                sum = e.add(sum);
                e.intoMemorySegment(MEMORY, row + i * 4L, ORDER);
            }
            sum.intoMemorySegment(MEMORY, sums + r * BYTES, ORDER);
        }
    }

    /**
     * A row's result: its weighted values over the sum of its exponentials.
     *
     * @param sums the lanes of that sum
     * @param sum where the sum goes
     */
    static void finish(int n, long values, long sums, long sum, long to) {
        if (WrittenSoftmax.RUNS && n % LANES == 0) {
            WrittenSoftmax.finish(n, values, sums, sum, to);
        } else {
            vectorFinish(n, values, sums, sum, to);
        }
    }

    /** {@link #finish} by the Vector API. */
    static void vectorFinish(int n, long values, long sums, long sum, long to) {
        float whole = Lanes.sum(load(sums));
        set(sum, whole);
        finish(n, values, 1 / whole, to);
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
    private static void finish(int n, long from, float factor, long to) {
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
        if (WrittenSoftmax.RUNS && n > 0) {
            WrittenSoftmax.expDifferences(n, from, max, to);
        } else {
            vectorExpDifferences(n, from, max, to);
        }
    }

    /** {@link #expDifferences} by the Vector API. */
    static void vectorExpDifferences(int n, long from, long max, long to) {
        for (int i = 0; i < n; i += LANES) {
            VectorMath.exp(load(from + i * 4L).sub(load(max + i * 4L))).intoMemorySegment(MEMORY, to + i * 4L, ORDER);
        }
    }

    /**
     * In place: scores to P = e^(score - lse), dP to dS = P·(dP - delta); what is not seen becomes zero.
     *
     * @param numbers of each row, {@link #NUMBERS} bytes: its bounds, its log-sum-exp and its delta
     */
    static void backward(int rows, int width, long scores, long dScores, long numbers) {
        if (WrittenSoftmax.RUNS && rows > 0 && width > 0) {
            WrittenSoftmax.gradients(rows, width, scores, dScores, numbers);
        } else {
            vectorBackward(rows, width, scores, dScores, numbers);
        }
    }

    /** {@link #backward} by the Vector API. */
    static void vectorBackward(int rows, int width, long scores, long dScores, long numbers) {
        for (int r = 0; r < rows; r++) {
            long ofRow = numbers + r * NUMBERS;
            int from = MEMORY.get(INT, ofRow);
            int to = MEMORY.get(INT, ofRow + 4);
            FloatVector lse = FloatVector.broadcast(SPECIES, get(ofRow + LOG_SUM_EXP));
            FloatVector delta = FloatVector.broadcast(SPECIES, get(ofRow + DELTA));
            for (int i = 0; i < width; i += LANES) {
                long at = r * SCORE_ROW + i * 4L;
                VectorMask<Float> seen = first(to - i).andNot(first(from - i));
                FloatVector zero = FloatVector.zero(SPECIES);
                FloatVector d = zero.blend(load(dScores + at).sub(delta), seen);
                FloatVector p = zero.blend(VectorMath.exp(load(scores + at).sub(lse)), seen);
                p.intoMemorySegment(MEMORY, scores + at, ORDER);
                d.mul(p).intoMemorySegment(MEMORY, dScores + at, ORDER);
            }
        }
    }

    /** Notes what {@link #backward} needs of a row. */
    static void setNumbers(long numbers, int row, int from, int to, float logSumExp, float delta) {
        long ofRow = numbers + row * NUMBERS;
        setBounds(ofRow, 0, from, to);
        set(ofRow + LOG_SUM_EXP, logSumExp);
        set(ofRow + DELTA, delta);
    }

    /** Notes what a row sees, for those that take a tile of rows. */
    static void setBounds(long bounds, int row, int from, int to) {
        MEMORY.set(INT, bounds + row * 8L, from);
        MEMORY.set(INT, bounds + row * 8L + 4, to);
    }

    /** Whether a row sees nothing. */
    static boolean seesNone(long bounds, int row) {
        return MEMORY.get(INT, bounds + row * 8L) >= MEMORY.get(INT, bounds + row * 8L + 4);
    }

    /** to = max + ln(sum), element by element, whole vectors. */
    static void logSumExps(int n, long maxima, long sums, long to) {
        for (int i = 0; i < n; i += LANES) {
            VectorMath.log(load(sums + i * 4L))
                    .add(load(maxima + i * 4L))
                    .intoMemorySegment(MEMORY, to + i * 4L, ORDER);
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
