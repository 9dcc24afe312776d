package dev.troupe.model.kernel.attention;

import static dev.troupe.model.kernel.vector.Lanes.get;
import static dev.troupe.model.kernel.vector.Lanes.set;

import dev.troupe.model.kernel.vector.Panels;
import dev.troupe.model.kernel.vector.Tiles;

/**
 * One head of one sequence, forward. Scratch: keys as panels [D, T], values [T, D] padded when D is no whole number of
 * vectors, a strip of scores [STRIP, T], a strip of output [STRIP, D], its rows' sums [STRIP].
 */
final class ForwardHead {
    /** Queries whose scores exist at once; a multiple of the tiles' rows. */
    static final int STRIP = 4 * Tiles.ROWS;

    private final int time;
    private final int dim;
    private final int width;
    private final int head;
    private final int sequence;
    private final long fused; // bytes of a fused row
    private final long outRow; // bytes of an output row
    private final long queries;
    private final long keys;
    private final long values;
    private final long keyPanels;
    private final long paddedValues;
    private final long scores;
    private final long strip;

    ForwardHead(AttentionShape shape, int time, int sequence, int head, long qkv, long scratch) {
        this.time = time;
        this.dim = shape.headDim();
        this.width = PaddedRows.width(dim);
        this.head = head;
        this.sequence = sequence;
        this.fused = shape.fusedWidth() * 4L;
        this.outRow = shape.queryWidth() * 4L;
        long row = qkv + (long) sequence * time * fused;
        int kvHead = head / (shape.numHeads() / shape.numKvHeads());
        this.queries = row + (long) head * dim * 4;
        this.keys = row + (shape.queryWidth() + (long) kvHead * dim) * 4;
        this.values = keys + shape.kvWidth() * 4L;
        this.keyPanels = scratch;
        this.paddedValues = keyPanels + Panels.size(dim, time) * 4;
        this.scores = paddedValues + (width == dim ? 0 : (long) time * width * 4);
        this.strip = scores + (long) STRIP * PaddedRows.width(time) * 4;
    }

    static long scratchBytes(AttentionShape shape, int time) {
        long width = PaddedRows.width(shape.headDim());
        return 4
                * (Panels.size(shape.headDim(), time)
                        + (time + STRIP) * width
                        + (long) STRIP * PaddedRows.width(time)
                        + STRIP);
    }

    /** Writes the head's part of the output rows and its log-sum-exps. */
    void run(long out, long logSumExp) {
        Panels.packAllColumns(dim, time, keys, fused, keyPanels);
        long b = values;
        long stepB = fused;
        if (width != dim) {
            PaddedRows.pad(time, dim, values, fused, paddedValues);
            b = paddedValues;
            stepB = width * 4L;
        }
        float scale = (float) (1 / Math.sqrt(dim));
        long scoreRow = PaddedRows.width(time) * 4L;
        for (int from = 0; from < time; from += STRIP) {
            int rows = Math.min(STRIP, time - from);
            int length = from + rows; // keys that the strip's last query sees
            score(from, rows, length, scoreRow);
            for (int r = 0; r < rows; r++) {
                int own = from + r + 1;
                long row = scores + r * scoreRow;
                float max = SoftmaxRow.max(own, row);
                float sum = SoftmaxRow.exponentials(own, row, scale, max);
                SoftmaxRow.clear(own, length, row);
                set(logSumExp + (from + r) * 4L, (float) (max * (double) scale + Math.log(sum)));
                set(sums(r), sum);
            }
            Tiles.product(rows, width, length, scores, scoreRow, 4, b, stepB, strip, width * 4L, false);
            for (int r = 0; r < rows; r++) {
                long target = out + ((long) sequence * time + from + r) * outRow + (long) head * dim * 4;
                SoftmaxRow.scale(dim, strip + (long) r * width * 4, 1 / get(sums(r)), target);
            }
        }
    }

    /** Where row r's sum of exponentials waits for its output. */
    private long sums(int r) {
        return strip + (long) STRIP * width * 4 + r * 4L;
    }

    private void score(int from, int rows, int length, long scoreRow) {
        for (int panel = 0; panel * Tiles.COLUMNS < length; panel++) {
            int panelWidth = Panels.width(time, panel);
            Tiles.product(
                    rows,
                    panelWidth,
                    dim,
                    queries + from * fused,
                    fused,
                    4,
                    keyPanels + Panels.offset(dim, panel),
                    panelWidth * 4L,
                    scores + (long) panel * Tiles.COLUMNS * 4,
                    scoreRow,
                    false);
        }
    }
}
