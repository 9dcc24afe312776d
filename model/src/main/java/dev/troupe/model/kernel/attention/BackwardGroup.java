package dev.troupe.model.kernel.attention;

import static dev.troupe.model.kernel.vector.Lanes.get;

import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.kernel.vector.Panels;
import dev.troupe.model.kernel.vector.Tiles;

/**
 * The heads of one sequence that share a key-value head, backward: probabilities are computed again from the
 * log-sum-exps, a strip of queries at a time. Heads and strips follow each other in order, so the gradients of keys and
 * values are always summed alike.
 *
 * <p>Scratch: keys and values as panels [D, T]; keys [T, D]; sums of dK and dV [T, D]; strips of Q, dOut and dQ [STRIP,
 * D]; strips of P and dS [STRIP, T]. Rows are padded to whole vectors.
 */
final class BackwardGroup {
    private static final int STRIP = ForwardHead.STRIP;

    private final AttentionShape shape;
    private final int time;
    private final int dim;
    private final int width;
    private final int sequence;
    private final int kvHead;
    private final long fused; // bytes of a fused row
    private final long outRow; // bytes of an output row
    private final long row; // bytes of a padded row of a head
    private final long scoreRow; // bytes of a row of scores
    private final float scale;
    private final long qkv; // this sequence's rows
    private final long dOut;
    private final long dQkv;
    private final long keyPanels;
    private final long valuePanels;
    private final long keys;
    private final long dKeys;
    private final long dValues;
    private final long queryStrip;
    private final long dOutStrip;
    private final long dQueryStrip;
    private final long scores;
    private final long dScores;

    BackwardGroup(
            AttentionShape shape, int time, int sequence, int kvHead, long qkv, long dOut, long dQkv, long scratch) {
        this.shape = shape;
        this.time = time;
        this.dim = shape.headDim();
        this.width = PaddedRows.width(dim);
        this.sequence = sequence;
        this.kvHead = kvHead;
        this.fused = shape.fusedWidth() * 4L;
        this.outRow = shape.queryWidth() * 4L;
        this.row = width * 4L;
        this.scoreRow = PaddedRows.width(time) * 4L;
        this.scale = (float) (1 / Math.sqrt(dim));
        this.qkv = qkv + (long) sequence * time * fused;
        this.dOut = dOut + (long) sequence * time * outRow;
        this.dQkv = dQkv + (long) sequence * time * fused;
        long panels = Panels.size(dim, time) * 4;
        this.keyPanels = scratch;
        this.valuePanels = keyPanels + panels;
        this.keys = valuePanels + panels;
        this.dKeys = keys + time * row;
        this.dValues = dKeys + time * row;
        this.queryStrip = dValues + time * row;
        this.dOutStrip = queryStrip + STRIP * row;
        this.dQueryStrip = dOutStrip + STRIP * row;
        this.scores = dQueryStrip + STRIP * row;
        this.dScores = scores + STRIP * scoreRow;
    }

    static long scratchBytes(AttentionShape shape, int time) {
        long width = PaddedRows.width(shape.headDim());
        return 4
                * (2 * Panels.size(shape.headDim(), time)
                        + 3 * ((long) time + STRIP) * width
                        + 2L * STRIP * PaddedRows.width(time));
    }

    void run(long out, long logSumExp) {
        long key = (shape.queryWidth() + (long) kvHead * dim) * 4;
        long value = key + shape.kvWidth() * 4L;
        Panels.packAllColumns(dim, time, qkv + key, fused, keyPanels);
        Panels.packAllColumns(dim, time, qkv + value, fused, valuePanels);
        PaddedRows.pad(time, dim, qkv + key, fused, keys);
        Lanes.fill(dKeys, 2L * time * row, (byte) 0);
        int group = shape.numHeads() / shape.numKvHeads();
        for (int h = kvHead * group; h < (kvHead + 1) * group; h++) {
            long lse = logSumExp + ((long) sequence * shape.numHeads() + h) * time * 4;
            long outHead = out + (long) sequence * time * outRow + (long) h * dim * 4;
            for (int from = 0; from < time; from += STRIP) {
                strip(h, from, Math.min(STRIP, time - from), outHead, lse);
            }
        }
        PaddedRows.unpad(time, dim, dKeys, dQkv + key, fused);
        PaddedRows.unpad(time, dim, dValues, dQkv + value, fused);
    }

    private void strip(int head, int from, int rows, long outHead, long lse) {
        int length = from + rows; // keys that the strip's last query sees
        long query = qkv + from * fused + (long) head * dim * 4;
        long gradient = dOut + from * outRow + (long) head * dim * 4;
        againstPanels(rows, length, query, fused, keyPanels, scores);
        againstPanels(rows, length, gradient, outRow, valuePanels, dScores);
        for (int r = 0; r < rows; r++) {
            int own = from + r + 1;
            float delta = SoftmaxRow.dot(dim, gradient + r * outRow, outHead + (from + r) * outRow);
            long p = scores + r * scoreRow;
            long ds = dScores + r * scoreRow;
            SoftmaxRow.backward(own, p, ds, scale, get(lse + (from + r) * 4L), delta);
            SoftmaxRow.clear(own, length, p);
            SoftmaxRow.clear(own, length, ds);
        }
        PaddedRows.pad(rows, dim, query, fused, queryStrip);
        PaddedRows.pad(rows, dim, gradient, outRow, dOutStrip);
        Tiles.product(rows, width, length, dScores, scoreRow, 4, keys, row, dQueryStrip, row, false);
        PaddedRows.unpad(rows, dim, dQueryStrip, dQkv + from * fused + (long) head * dim * 4, fused);
        Tiles.product(length, width, rows, scores, 4, scoreRow, dOutStrip, row, dValues, row, true);
        Tiles.product(length, width, rows, dScores, 4, scoreRow, queryStrip, row, dKeys, row, true);
    }

    /** to[rows, length] = a[rows, D] · panels[D, T]. */
    private void againstPanels(int rows, int length, long a, long rowA, long panels, long to) {
        for (int panel = 0; panel * Tiles.COLUMNS < length; panel++) {
            int columns = Panels.width(time, panel);
            long b = panels + Panels.offset(dim, panel);
            long c = to + (long) panel * Tiles.COLUMNS * 4;
            Tiles.product(rows, columns, dim, a, rowA, 4, b, columns * 4L, c, scoreRow, false);
        }
    }
}
