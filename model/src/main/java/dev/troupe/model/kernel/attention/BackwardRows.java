package dev.troupe.model.kernel.attention;

import static dev.troupe.model.kernel.attention.KeySpans.SCORE_ROW;
import static dev.troupe.model.kernel.attention.KeySpans.SPAN;
import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.get;
import static dev.troupe.model.kernel.vector.Lanes.set;

import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.kernel.vector.Tiles;
import dev.troupe.model.kernel.vector.Transposition;

/**
 * The backward pass of the heads that share a key-value head, over some positions of queries and some spans of keys of
 * one sequence: probabilities are computed again from the log-sum-exps, a strip of rows by a span of keys at a time.
 * Rows are numbered as in {@link QueryRows}. Gradients of queries are sums over keys in their order, those of keys and
 * values are sums over rows in theirs: the same bits whether one pass makes all three or several make a part each.
 *
 * <p>Scratch: a span's keys [D, SPAN], values [D, SPAN], keys [SPAN, padded D] and gradients of both [SPAN, padded D];
 * P and dS of a strip [STRIP, SPAN]; scaled queries, dOut and dQ [rows, padded D]; log-sum-exps and deltas [rows].
 */
final class BackwardRows {
    /** Rows at a time: the sums of keys and values are read and written once a strip. */
    private static final int STRIP = 8 * Tiles.ROWS;

    /** Rows at a time where most rows see only a part of the span. */
    private static final int DIAGONAL_STRIP = 3 * Tiles.ROWS;

    /** What a pass is to write. */
    enum Part {
        ALL,
        QUERIES,
        KEYS_AND_VALUES
    }

    private final AttentionShape shape;
    private final int kvHead;
    private final int group;
    private final int first;
    private final int positions;
    private final Part part;
    private final int dim;
    private final int width;
    private final long row; // bytes of a padded row
    private final float scale;
    private final long keyPanel;
    private final long valuePanel;
    private final long keyRows;
    private final long dKeys;
    private final long dValues;
    private final long scores;
    private final long dScores;
    private final long numbers; // of rows, for the softmax
    private final long queries;
    private final long dOuts;
    private final long dQueries;
    private final long logSumExps;
    private final long deltas;

    BackwardRows(AttentionShape shape, int kvHead, int first, int positions, Part part, long scratch) {
        this.shape = shape;
        this.kvHead = kvHead;
        this.group = shape.group();
        this.first = first;
        this.positions = positions;
        this.part = part;
        this.dim = shape.headDim();
        this.width = PaddedRows.width(dim);
        this.row = width * 4L;
        this.scale = (float) (1 / Math.sqrt(dim));
        long rows = (long) positions * group;
        this.keyPanel = scratch;
        this.valuePanel = keyPanel + dim * SCORE_ROW;
        this.keyRows = valuePanel + dim * SCORE_ROW;
        this.dKeys = keyRows + SPAN * row;
        this.dValues = dKeys + SPAN * row;
        this.scores = dValues + SPAN * row;
        this.dScores = scores + STRIP * SCORE_ROW;
        this.numbers = dScores + STRIP * SCORE_ROW;
        this.queries = numbers + STRIP * SoftmaxRow.NUMBERS;
        this.dOuts = queries + rows * row;
        this.dQueries = dOuts + rows * row;
        this.logSumExps = dQueries + rows * row;
        this.deltas = logSumExps + rows * 4;
    }

    static long scratchBytes(AttentionShape shape, int positions) {
        long rows = (long) positions * shape.group();
        long row = PaddedRows.width(shape.headDim()) * 4L;
        return 2L * shape.headDim() * SCORE_ROW
                + 3 * SPAN * row
                + STRIP * (2 * SCORE_ROW + SoftmaxRow.NUMBERS)
                + rows * (3 * row + 8);
    }

    /**
     * Works on the spans [from, to).
     *
     * @param qkv the sequence's first row; likewise out, dOut and dQkv
     * @param logSumExp those of the sequence's first head
     * @param time positions of the sequence
     */
    void run(int from, int to, int time, long qkv, long out, long logSumExp, long dOut, long dQkv) {
        load(time, qkv, out, logSumExp, dOut);
        for (int span = from; span < to; span++) {
            span(span, time, qkv, dQkv);
        }
        if (part != Part.KEYS_AND_VALUES) {
            for (int p = 0; p < positions; p++) {
                long target = dQkv + ((long) (first + p) * shape.fusedWidth() + (long) kvHead * group * dim) * 4;
                PaddedRows.unpad(group, dim, dQueries + (long) p * group * row, scale, target, dim * 4L);
            }
        }
    }

    private void load(int time, long qkv, long out, long logSumExp, long dOut) {
        long head = (long) kvHead * group * dim * 4;
        for (int p = 0; p < positions; p++) {
            int position = first + p;
            long at = (long) p * group;
            long query = qkv + (long) position * shape.fusedWidth() * 4 + head;
            long outRow = (long) position * shape.queryWidth() * 4 + head;
            PaddedRows.padScaled(group, dim, query, dim * 4L, scale, queries + at * row);
            PaddedRows.pad(group, dim, dOut + outRow, dim * 4L, dOuts + at * row);
            for (int h = 0; h < group; h++) {
                long own = outRow + (long) h * dim * 4;
                set(deltas + (at + h) * 4, SoftmaxRow.dot(dim, dOut + own, out + own));
                set(logSumExps + (at + h) * 4, get(logSumExp + ((long) (kvHead * group + h) * time + position) * 4));
            }
        }
        if (part != Part.KEYS_AND_VALUES) {
            Lanes.fill(dQueries, (long) positions * group * row, (byte) 0);
        }
    }

    private void span(int span, int time, long qkv, long dQkv) {
        int base = span * SPAN;
        int count = Math.min(SPAN, time - base);
        long fused = shape.fusedWidth() * 4L;
        long key = base * fused + (shape.queryWidth() + (long) kvHead * dim) * 4;
        long value = key + shape.kvWidth() * 4L;
        Transposition.columns(count, dim, qkv + key, fused, keyPanel, SCORE_ROW);
        Transposition.columns(count, dim, qkv + value, fused, valuePanel, SCORE_ROW);
        if (part != Part.KEYS_AND_VALUES) {
            PaddedRows.pad(count, dim, qkv + key, fused, keyRows);
        }
        int last = Math.min(first + positions - 1, shape.lastQuery(base + SPAN - 1, time));
        int end = (last + 1 - first) * group;
        if (part != Part.QUERIES) {
            Lanes.fill(dKeys, 2 * SPAN * row, (byte) 0);
        }
        for (int at = Math.max(0, base - first) * group; at < end; ) {
            int rows = Math.min(end - at, position(at) < base + SPAN ? DIAGONAL_STRIP : STRIP);
            strip(at, rows, base);
            at += rows;
        }
        if (part != Part.QUERIES) {
            PaddedRows.unpad(count, dim, dKeys, 1, dQkv + key, fused);
            PaddedRows.unpad(count, dim, dValues, 1, dQkv + value, fused);
        }
    }

    private int position(int r) {
        return first + r / group;
    }

    private void strip(int at, int rows, int base) {
        int begin = Math.max(0, shape.firstKey(position(at)) - base) / LANES * LANES;
        int end = Math.min(SPAN, position(at + rows - 1) + 1 - base);
        int wholeEnd = PaddedRows.width(end);
        long query = queries + at * row;
        long dOut = dOuts + at * row;
        product(rows, wholeEnd - begin, query, keyPanel + begin * 4L, scores + begin * 4L);
        product(rows, wholeEnd - begin, dOut, valuePanel + begin * 4L, dScores + begin * 4L);
        softmax(at, rows, base, begin, wholeEnd);
        long p = scores + begin * 4L;
        long ds = dScores + begin * 4L;
        int keys = end - begin;
        if (part != Part.QUERIES) {
            long to = begin * row;
            Tiles.product(keys, width, rows, p, 4, SCORE_ROW, dOut, row, dValues + to, row, true);
            Tiles.product(keys, width, rows, ds, 4, SCORE_ROW, query, row, dKeys + to, row, true);
        }
        if (part != Part.KEYS_AND_VALUES) {
            Tiles.product(
                    rows, width, keys, ds, SCORE_ROW, 4, keyRows + begin * row, row, dQueries + at * row, row, true);
        }
    }

    /** to[rows, columns] = a[rows, D] · panel[D, columns]. */
    private void product(int rows, int columns, long a, long panel, long to) {
        Tiles.product(rows, columns, dim, a, row, 4, panel, SCORE_ROW, to, SCORE_ROW, false);
    }

    private void softmax(int at, int rows, int base, int begin, int end) {
        for (int r = 0; r < rows; r++) {
            int position = position(at + r);
            int from = Math.max(begin, shape.firstKey(position) - base);
            int to = Math.min(end, position + 1 - base);
            float logSumExp = get(logSumExps + (at + r) * 4L);
            float delta = get(deltas + (at + r) * 4L);
            SoftmaxRow.setNumbers(numbers, r, from - begin, Math.max(from, to) - begin, logSumExp, delta);
            if (shape.alibi()) {
                float slope = shape.slope(kvHead * group + (at + r) % group);
                SoftmaxRow.addBias(begin, end, scores + r * SCORE_ROW, slope, position - base);
            }
        }
        SoftmaxRow.backward(rows, end - begin, scores + begin * 4L, dScores + begin * 4L, numbers);
    }
}
