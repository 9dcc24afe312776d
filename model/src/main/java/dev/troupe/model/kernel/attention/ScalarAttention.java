package dev.troupe.model.kernel.attention;

import dev.troupe.model.tensor.Tensor;

/**
 * The reference: one query at a time, float64 sums in order of the keys. Scores of one row are computed twice instead
 * of being kept.
 */
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
                    for (int j = 0; j <= t; j++) {
                        double p = Math.exp(score(qkv, query, keys, j, dim) - lse);
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
        int dim = shape.headDim();
        int size = KvBlocks.BLOCK_TOKENS;
        for (int r = 0; r < rows; r++) {
            int block = blockTables[r][positions[r] / size];
            int slot = positions[r] % size;
            for (int g = 0; g < shape.numKvHeads(); g++) {
                long key = (long) r * shape.fusedWidth() + shape.queryWidth() + (long) g * dim;
                for (int d = 0; d < dim; d++) {
                    blocks.data().set(blocks.keyOffset(block, g) + (long) d * size + slot, qkv.get(key + d));
                    long value = key + shape.kvWidth();
                    blocks.data().set(blocks.valueOffset(block, g) + (long) slot * dim + d, qkv.get(value + d));
                }
            }
        }
        for (int r = 0; r < rows; r++) {
            int[] table = blockTables[r];
            for (int h = 0; h < shape.numHeads(); h++) {
                int g = h / (shape.numHeads() / shape.numKvHeads());
                Lookup keys =
                        (p, d) -> blocks.data().get(blocks.keyOffset(table[p / size], g) + (long) d * size + p % size);
                Lookup values = (p, d) ->
                        blocks.data().get(blocks.valueOffset(table[p / size], g) + (long) (p % size) * dim + d);
                attend(shape, qkv, r, h, positions[r], keys, values, out);
            }
        }
    }

    /** Writes the output of one query and returns its log-sum-exp. */
    private static float attend(
            AttentionShape shape, Tensor qkv, int row, int head, int position, Lookup keys, Lookup values, Tensor out) {
        int dim = shape.headDim();
        long query = (long) row * shape.fusedWidth() + (long) head * dim;
        double max = Double.NEGATIVE_INFINITY;
        for (int j = 0; j <= position; j++) {
            max = Math.max(max, score(qkv, query, keys, j, dim));
        }
        double sum = 0;
        for (int j = 0; j <= position; j++) {
            sum += Math.exp(score(qkv, query, keys, j, dim) - max);
        }
        double lse = max + Math.log(sum);
        for (int d = 0; d < dim; d++) {
            double weighted = 0;
            for (int j = 0; j <= position; j++) {
                weighted += Math.exp(score(qkv, query, keys, j, dim) - lse) * values.at(j, d);
            }
            out.set((long) row * shape.queryWidth() + (long) head * dim + d, (float) weighted);
        }
        return (float) lse;
    }

    private static double score(Tensor qkv, long query, Lookup keys, int position, int dim) {
        double dot = 0;
        for (int d = 0; d < dim; d++) {
            dot += (double) qkv.get(query + d) * keys.at(position, d);
        }
        return dot / Math.sqrt(dim);
    }

    private static Lookup keys(AttentionShape shape, Tensor qkv, int firstRow, int head) {
        return (p, d) -> qkv.get(keyAt(shape, firstRow + p, head) + d);
    }

    private static Lookup values(AttentionShape shape, Tensor qkv, int firstRow, int head) {
        return (p, d) -> qkv.get(keyAt(shape, firstRow + p, head) + shape.kvWidth() + d);
    }

    /** Offset of the key of this query head in a fused row. */
    private static long keyAt(AttentionShape shape, int row, int head) {
        int group = shape.numHeads() / shape.numKvHeads();
        return (long) row * shape.fusedWidth() + shape.queryWidth() + (long) (head / group) * shape.headDim();
    }

    private static void addTo(Tensor tensor, long at, double value) {
        tensor.set(at, (float) (tensor.get(at) + value));
    }
}
