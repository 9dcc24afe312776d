package dev.troupe.model.kernel.attention;

import static dev.troupe.model.kernel.attention.KeySpans.SCORE_ROW;
import static dev.troupe.model.kernel.attention.KeySpans.SEGMENT;
import static dev.troupe.model.kernel.attention.KeySpans.SPAN;
import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.get;
import static dev.troupe.model.kernel.vector.Lanes.set;
import static dev.troupe.model.kernel.vector.Lanes.store;
import static dev.troupe.model.kernel.vector.Lanes.zero;

import dev.troupe.model.kernel.vector.Tiles;

/**
 * Queries that see the same keys: those of the heads that share a key-value head, at consecutive positions of one
 * sequence. Row r is that of position {@code first + r / group} and of the group's head {@code r % group}. Spans of
 * keys come one after the other, and with each all rows that see some of it, a tile of rows at a time; tiles and the
 * choice of rows change no row's order of sums.
 *
 * <p>Scratch: scaled queries [rows, padded D], two {@link RowSums}, a span's keys [D, SPAN] and values [SPAN, padded
 * D], a tile's scores [TILE, SPAN], 4 numbers by row, in whole vectors.
 */
final class QueryRows {
    /** Rows at a time; a multiple of the tiles' rows, with and without sums to start from. */
    static final int TILE = 2 * Tiles.ROWS;

    private static final int SPANS_PER_SEGMENT = SEGMENT / SPAN;

    private final AttentionShape shape;
    private final int kvHead;
    private final int first;
    private final int positions;
    private final int dim;
    private final int width;
    private final long queries;
    private final RowSums total;
    private final long partSums;
    private final long keys;
    private final long values;
    private final long scores;
    private final long rowNumbers;

    /** @param panels memory of {@link #panelBytes}, which rows may use in turn; {@code own}, of {@link #rowBytes} */
    QueryRows(AttentionShape shape, int kvHead, int first, int positions, long panels, long own) {
        this.shape = shape;
        this.kvHead = kvHead;
        this.first = first;
        this.positions = positions;
        this.dim = shape.headDim();
        this.width = PaddedRows.width(dim);
        int rows = positions * shape.group();
        this.keys = panels;
        this.values = keys + dim * SCORE_ROW;
        this.scores = values + (long) SPAN * width * 4;
        this.queries = own;
        long sums = queries + (long) rows * width * 4;
        this.total = RowSums.at(rows, width, sums);
        this.partSums = sums + RowSums.bytes(rows, width);
        this.rowNumbers = partSums + RowSums.bytes(rows, width);
    }

    static long panelBytes(AttentionShape shape) {
        return shape.headDim() * SCORE_ROW + 4L * SPAN * PaddedRows.width(shape.headDim()) + TILE * SCORE_ROW;
    }

    static long rowBytes(AttentionShape shape, int positions) {
        int rows = positions * shape.group();
        int width = PaddedRows.width(shape.headDim());
        long numbers = 4L * PaddedRows.width(Math.max(rows, TILE)) * 4;
        return PaddedRows.lines((long) rows * width * 4 + 2 * RowSums.bytes(rows, width) + numbers);
    }

    /** Reads the queries; {@code row} is the first one's fused row. */
    void load(long row) {
        int group = shape.group();
        float scale = (float) (1 / Math.sqrt(dim));
        for (int p = 0; p < positions; p++) {
            long from = row + ((long) p * shape.fusedWidth() + (long) kvHead * group * dim) * 4;
            PaddedRows.padScaled(group, dim, from, dim * 4L, scale, queries + (long) p * group * width * 4);
        }
    }

    /** Attends to all that is seen. */
    void attend(KeySpans.Source source) {
        int from = shape.firstKey(first) / SPAN;
        int to = (first + positions - 1) / SPAN + 1;
        total.reset();
        RowSums sums = total;
        boolean merging = false;
        for (int span = from; span < to; span++) {
            if (span != from && span % SPANS_PER_SEGMENT == 0) {
                if (merging) {
                    total.merge(sums, rowNumbers);
                } else {
                    sums = RowSums.at(total.rows(), width, partSums); // few rows see more than one segment
                    merging = true;
                }
                sums.reset();
            }
            attend(source, span, sums);
        }
        if (merging) {
            total.merge(sums, rowNumbers);
        }
    }

    /** Attends to the keys of one segment only. */
    void attendSegment(KeySpans.Source source, int segment) {
        int from = Math.max(shape.firstKey(first) / SPAN, segment * SPANS_PER_SEGMENT);
        int to = Math.min((first + positions - 1) / SPAN, segment * SPANS_PER_SEGMENT + SPANS_PER_SEGMENT - 1);
        total.reset();
        for (int span = from; span <= to; span++) {
            attend(source, span, total);
        }
    }

    /** Adds what the same rows made of a later segment. */
    void merge(QueryRows later) {
        total.merge(later.total, rowNumbers);
    }

    private void attend(KeySpans.Source source, int span, RowSums sums) {
        int base = span * SPAN;
        int begin = Math.max(0, shape.firstKey(first) - base) / KvBlocks.BLOCK_TOKENS * KvBlocks.BLOCK_TOKENS;
        int end = Math.min(SPAN, first + positions - base);
        source.load(span, begin, end, keys, values);
        // Without a window, a single position sees all of them.
        boolean apart = (positions > 1 || shape.window() > 0)
                && !PaddedRows.finite(end - begin, dim, values + (long) begin * width * 4);
        int rows = positions * shape.group();
        for (int row = 0; row < rows; row += TILE) {
            tile(row, Math.min(TILE, rows - row), span, sums, apart);
        }
    }

    private int position(int row) {
        return first + row / shape.group();
    }

    /**
     * @param apart whether a value is not finite, and must not be multiplied by the zero of a row that does not see it
     */
    private void tile(int row, int rows, int span, RowSums sums, boolean apart) {
        int base = span * SPAN;
        int begin = Math.max(0, shape.firstKey(position(row)) - base) / LANES * LANES;
        int end = Math.min(SPAN, position(row + rows - 1) + 1 - base);
        if (begin >= end) {
            return;
        }
        boolean fresh = span % SPANS_PER_SEGMENT == 0 || span == shape.firstKey(position(row)) / SPAN;
        int wholeEnd = PaddedRows.width(end);
        long query = queries + (long) row * width * 4;
        Tiles.product(
                rows,
                wholeEnd - begin,
                dim,
                query,
                width * 4L,
                4,
                keys + begin * 4L,
                SCORE_ROW,
                scores + begin * 4L,
                SCORE_ROW,
                false);
        softmax(row, rows, base, begin, wholeEnd, sums, fresh);
        if (apart) {
            addSeen(row, rows, base, begin, end, sums, fresh);
            return;
        }
        Tiles.product(
                rows,
                width,
                end - begin,
                scores + begin * 4L,
                SCORE_ROW,
                4,
                values + (long) begin * width * 4,
                width * 4L,
                sums.valuesOf(row),
                width * 4L,
                !fresh);
    }

    /** Weighted values row by row, of what each sees: the same sums, without the zeros. */
    private void addSeen(int row, int rows, int base, int begin, int end, RowSums sums, boolean fresh) {
        for (int r = 0; r < rows; r++) {
            int position = position(row + r);
            int from = Math.clamp(shape.firstKey(position) - base, begin, end);
            int to = Math.clamp(position + 1 - base, from, end);
            Tiles.product(
                    1,
                    width,
                    to - from,
                    scores + r * SCORE_ROW + from * 4L,
                    SCORE_ROW,
                    4,
                    values + (long) from * width * 4,
                    width * 4L,
                    sums.valuesOf(row + r),
                    width * 4L,
                    !fresh);
        }
    }

    private void softmax(int row, int rows, int base, int begin, int end, RowSums sums, boolean fresh) {
        long greatest = rowNumbers;
        long factors = greatest + PaddedRows.width(TILE) * 4L;
        long bounds = factors + PaddedRows.width(TILE) * 4L;
        long maxima = sums.maxima() + row * 4L;
        long first = scores + begin * 4L;
        int width = end - begin;
        for (int r = 0; r < rows; r++) {
            int position = position(row + r);
            int from = Math.max(begin, shape.firstKey(position) - base);
            int to = Math.min(end, position + 1 - base);
            SoftmaxRow.setBounds(bounds, r, from - begin, Math.max(from, to) - begin);
            if (shape.alibi()) {
                float slope = shape.slope(kvHead * shape.group() + (row + r) % shape.group());
                SoftmaxRow.addBias(begin, end, scores + r * SCORE_ROW, slope, position - base);
            }
            if (fresh) {
                store(zero(), sums.sumsOf(row + r));
            }
        }
        SoftmaxRow.maxima(rows, width, first, bounds, greatest);
        for (int r = 0; r < rows; r++) {
            float old = fresh ? Float.NEGATIVE_INFINITY : get(maxima + r * 4L);
            boolean none = SoftmaxRow.seesNone(bounds, r);
            set(greatest + r * 4L, none ? old : Math.max(old, get(greatest + r * 4L)));
        }
        if (!fresh) {
            rescale(row, rows, sums, greatest, factors);
        }
        for (int r = 0; r < rows; r++) {
            set(maxima + r * 4L, get(greatest + r * 4L));
        }
        SoftmaxRow.exponentials(rows, width, first, bounds, greatest, sums.sumsOf(row));
    }

    /** Scales what was summed before down to greater maxima. */
    private void rescale(int row, int rows, RowSums sums, long greatest, long factors) {
        long maxima = sums.maxima() + row * 4L;
        if (!anyGrew(rows, maxima, greatest)) {
            return;
        }
        SoftmaxRow.expDifferences(PaddedRows.width(rows), maxima, greatest, factors);
        for (int r = 0; r < rows; r++) {
            if (grew(r, maxima, greatest)) {
                float factor = get(factors + r * 4L);
                SoftmaxRow.scale(width, sums.valuesOf(row + r), factor);
                SoftmaxRow.scale(LANES, sums.sumsOf(row + r), factor);
            }
        }
    }

    private static boolean anyGrew(int rows, long maxima, long greatest) {
        for (int r = 0; r < rows; r++) {
            if (grew(r, maxima, greatest)) {
                return true;
            }
        }
        return false;
    }

    private static boolean grew(int row, long maxima, long greatest) {
        return get(greatest + row * 4L) > get(maxima + row * 4L);
    }

    /** Writes outputs; {@code out} is the first position's row. */
    void finish(long out) {
        int group = shape.group();
        for (int r = 0; r < total.rows(); r++) {
            long head = (long) kvHead * group + r % group;
            long to = out + ((long) (r / group) * shape.queryWidth() + head * dim) * 4;
            SoftmaxRow.finish(dim, total.valuesOf(r), total.sumsOf(r), rowNumbers + r * 4L, to);
        }
    }

    /**
     * Writes log-sum-exps, after {@link #finish}; {@code to} is that of the group's first head, whose {@code time}
     * positions come together.
     */
    void logSumExps(int time, long to) {
        int group = shape.group();
        SoftmaxRow.logSumExps(PaddedRows.width(total.rows()), total.maxima(), rowNumbers, rowNumbers);
        for (int r = 0; r < total.rows(); r++) {
            set(to + ((long) (r % group) * time + first + r / group) * 4, get(rowNumbers + r * 4L));
        }
    }
}
