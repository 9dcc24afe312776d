package dev.troupe.model.kernel.attention;

import dev.troupe.model.tensor.Tensor;

/** The reference: one query at a time, float64 sums in order of the keys. */
public final class ScalarAttention implements Attention {
    /** Where component {@code d} of the key or value at a position lies. */
    private interface Lookup {
        float at(int position, int d);
    }

    @Override
    public void forward(AttentionShape shape, int batch, int time, Tensor qkv, Tensor out, Tensor logSumExp) {
        AttentionArguments.checkForward(shape, batch, time, qkv, out, logSumExp);
        for (int b = 0; b < batch; b++) {
            for (int h = 0; h < shape.numHeads(); h++) {
                Lookup keys = keys(shape, qkv, b * time, h);
                Lookup values = values(shape, qkv, b * time, h);
                for (int t = 0; t < time; t++) {
                    float lse = attend(shape, qkv, b * time + t, h, t, keys, values, out);
                    logSumExp.set(((long) b * shape.numHeads() + h) * time + t, lse);
                }
            }
        }
    }

    /** With P the probabilities and δ = dOut·out: dV = Pᵀ·dOut, dS = P·(dOut·Vᵀ - δ)/√D, dQ = dS·K, dK = dSᵀ·Q. */
    @Override
    public void backward(
            AttentionShape shape,
            int batch,
            int time,
            Tensor qkv,
            Tensor out,
            Tensor logSumExp,
            Tensor dOut,
            Tensor dQkv) {
        AttentionArguments.checkBackward(shape, batch, time, qkv, out, logSumExp, dOut, dQkv);
        int dim = shape.headDim();
        double scale = 1 / Math.sqrt(dim);
        dQkv.view(0, batch * time, shape.fusedWidth()).zero();
        for (int b = 0; b < batch; b++) {
            for (int h = 0; h < shape.numHeads(); h++) {
                Lookup keys = keys(shape, qkv, b * time, h);
                Lookup values = values(shape, qkv, b * time, h);
                for (int t = 0; t < time; t++) {
                    int row = b * time + t;
                    long query = (long) row * shape.fusedWidth() + (long) h * dim;
                    long o = (long) row * shape.queryWidth() + (long) h * dim;
                    double lse = logSumExp.get(((long) b * shape.numHeads() + h) * time + t);
                    double delta = 0;
                    for (int d = 0; d < dim; d++) {
                        delta += (double) dOut.get(o + d) * out.get(o + d);
                    }
                    for (int j = shape.firstKey(t); j <= t; j++) {
                        double p = Math.exp(score(shape, qkv, query, h, t, keys, j) - lse);
                        double dp = 0;
                        for (int d = 0; d < dim; d++) {
                            dp += (double) dOut.get(o + d) * values.at(j, d);
                        }
                        double ds = p * (dp - delta) * scale;
                        long key = keyAt(shape, b * time + j, h);
                        long value = key + shape.kvWidth();
                        for (int d = 0; d < dim; d++) {
                            addTo(dQkv, value + d, p * dOut.get(o + d));
                            addTo(dQkv, key + d, ds * qkv.get(query + d));
                            addTo(dQkv, query + d, ds * keys.at(j, d));
                        }
                    }
                }
            }
        }
    }

    @Override
    public void cachedForward(KvBlocks blocks, int rows, Tensor qkv, int[] positions, int[][] blockTables, Tensor out) {
        AttentionArguments.checkCached(blocks, rows, qkv, positions, blockTables, out);
        AttentionShape shape = blocks.shape();
        KvStore store = new KvStore(blocks);
        for (int r = 0; r < rows; r++) {
            store.keep(qkv.address() + (long) r * shape.fusedWidth() * 4, positions[r], blockTables[r]);
        }
        for (int r = 0; r < rows; r++) {
            int[] table = blockTables[r];
            for (int h = 0; h < shape.numHeads(); h++) {
                int g = h / shape.group();
                Lookup keys = (p, d) -> store.key(table, g, p, d);
                Lookup values = (p, d) -> store.value(table, g, p, d);
                attend(shape, qkv, r, h, positions[r], keys, values, out);
            }
        }
    }

    /** Writes the output of one query and returns its log-sum-exp. */
    private static float attend(
            AttentionShape shape, Tensor qkv, int row, int head, int position, Lookup keys, Lookup values, Tensor out) {
        int dim = shape.headDim();
        int first = shape.firstKey(position);
        long query = (long) row * shape.fusedWidth() + (long) head * dim;
        double[] scores = new double[position - first + 1];
        double max = Double.NEGATIVE_INFINITY;
        for (int j = first; j <= position; j++) {
            scores[j - first] = score(shape, qkv, query, head, position, keys, j);
            max = Math.max(max, scores[j - first]);
        }
        double sum = 0;
        for (double score : scores) {
            sum += Math.exp(score - max);
        }
        double lse = max + Math.log(sum);
        for (int d = 0; d < dim; d++) {
            double weighted = 0;
            for (int j = first; j <= position; j++) {
                weighted += Math.exp(scores[j - first] - lse) * values.at(j, d);
            }
            out.set((long) row * shape.queryWidth() + (long) head * dim + d, (float) weighted);
        }
        return (float) lse;
    }

    private static double score(
            AttentionShape shape, Tensor qkv, long query, int head, int position, Lookup keys, int key) {
        double dot = 0;
        for (int d = 0; d < shape.headDim(); d++) {
            dot += (double) qkv.get(query + d) * keys.at(key, d);
        }
        return dot / Math.sqrt(shape.headDim()) - (double) shape.slope(head) * (position - key);
    }

    private static Lookup keys(AttentionShape shape, Tensor qkv, int firstRow, int head) {
        return (p, d) -> qkv.get(keyAt(shape, firstRow + p, head) + d);
    }

    private static Lookup values(AttentionShape shape, Tensor qkv, int firstRow, int head) {
        return (p, d) -> qkv.get(keyAt(shape, firstRow + p, head) + shape.kvWidth() + d);
    }

    /** Offset of the key of this query head in a fused row. */
    private static long keyAt(AttentionShape shape, int row, int head) {
        return (long) row * shape.fusedWidth() + shape.queryWidth() + (long) (head / shape.group()) * shape.headDim();
    }

    private static void addTo(Tensor tensor, long at, double value) {
        tensor.set(at, (float) (tensor.get(at) + value));
    }
}
