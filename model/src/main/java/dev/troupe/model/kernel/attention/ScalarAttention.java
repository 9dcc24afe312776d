package dev.troupe.model.kernel.attention;

import dev.troupe.model.tensor.Tensor;
import java.util.Arrays;
import java.util.IdentityHashMap;

/**
 * The reference: one query at a time, float64 sums in order of the keys. What it reads often it copies to the heap
 * first: a process that has just started, and compares its kernels with these, takes a microsecond for each access to
 * native memory.
 */
public final class ScalarAttention implements Attention {
    /** Where component {@code d} of the key or value at a position lies. */
    private interface Lookup {
        float at(int position, int d);
    }

    /** The keys or the values of one head and sequence, each read when it is first asked for. */
    private static final class Vectors {
        private final Lookup lookup;
        private final int dim;
        private float[][] read = {};

        Vectors(Lookup lookup, int dim) {
            this.lookup = lookup;
            this.dim = dim;
        }

        float[] at(int position) {
            if (position >= read.length) {
                read = Arrays.copyOf(read, Math.max(position + 1, 2 * read.length));
            }
            if (read[position] == null) {
                float[] vector = new float[dim];
                for (int d = 0; d < dim; d++) {
                    vector[d] = lookup.at(position, d);
                }
                read[position] = vector;
            }
            return read[position];
        }
    }

    @Override
    public void forward(AttentionShape shape, int batch, int time, Tensor qkv, Tensor out, Tensor logSumExp) {
        AttentionArguments.checkForward(shape, batch, time, qkv, out, logSumExp);
        float[] numbers = qkv.toArray();
        for (int b = 0; b < batch; b++) {
            for (int h = 0; h < shape.numHeads(); h++) {
                Vectors keys = vectors(shape, numbers, b * time, keyAt(shape, h));
                Vectors values = vectors(shape, numbers, b * time, keyAt(shape, h) + shape.kvWidth());
                for (int t = 0; t < time; t++) {
                    float lse =
                            attend(shape, query(shape, qkv, b * time + t, h), b * time + t, h, t, keys, values, out);
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
        float[] numbers = qkv.toArray();
        float[] gradients = new float[batch * time * shape.fusedWidth()];
        for (int b = 0; b < batch; b++) {
            for (int h = 0; h < shape.numHeads(); h++) {
                Vectors keys = vectors(shape, numbers, b * time, keyAt(shape, h));
                Vectors values = vectors(shape, numbers, b * time, keyAt(shape, h) + shape.kvWidth());
                for (int t = 0; t < time; t++) {
                    int row = b * time + t;
                    int at = row * shape.fusedWidth() + h * dim;
                    float[] query = query(shape, qkv, row, h);
                    float[] ofOut = head(shape, dOut, row, h);
                    double lse = logSumExp.get(((long) b * shape.numHeads() + h) * time + t);
                    double delta = dot(ofOut, head(shape, out, row, h));
                    for (int j = shape.firstKey(t); j <= t; j++) {
                        float[] key = keys.at(j);
                        double p = Math.exp(score(shape, query, h, t - j, key) - lse);
                        double ds = p * (dot(ofOut, values.at(j)) - delta) * scale;
                        int keyAt = (b * time + j) * shape.fusedWidth() + keyAt(shape, h);
                        for (int d = 0; d < dim; d++) {
                            addTo(gradients, keyAt + shape.kvWidth() + d, p * ofOut[d]);
                            addTo(gradients, keyAt + d, ds * query[d]);
                            addTo(gradients, at + d, ds * key[d]);
                        }
                    }
                }
            }
        }
        dQkv.view(0, batch * time, shape.fusedWidth()).copyFrom(gradients);
    }

    @Override
    public void cachedForward(KvBlocks blocks, int rows, Tensor qkv, int[] positions, int[][] blockTables, Tensor out) {
        AttentionArguments.checkCached(blocks, rows, qkv, positions, blockTables, out);
        AttentionShape shape = blocks.shape();
        KvStore store = new KvStore(blocks);
        for (int r = 0; r < rows; r++) {
            store.keep(qkv.address() + (long) r * shape.fusedWidth() * 4, positions[r], blockTables[r]);
        }
        for (int g = 0; g < shape.numKvHeads(); g++) {
            int kvHead = g;
            IdentityHashMap<int[], Vectors> keys =
                    new IdentityHashMap<>(); // rows of one sequence often share their table
            IdentityHashMap<int[], Vectors> values = new IdentityHashMap<>();
            for (int r = 0; r < rows; r++) {
                Vectors k = keys.computeIfAbsent(
                        blockTables[r],
                        table -> new Vectors((p, d) -> store.key(table, kvHead, p, d), shape.headDim()));
                Vectors v = values.computeIfAbsent(
                        blockTables[r],
                        table -> new Vectors((p, d) -> store.value(table, kvHead, p, d), shape.headDim()));
                for (int h = g * shape.group(); h < (g + 1) * shape.group(); h++) {
                    attend(shape, query(shape, qkv, r, h), r, h, positions[r], k, v, out);
                }
            }
        }
    }

    /** Writes the output of one query and returns its log-sum-exp. */
    private static float attend(
            AttentionShape shape,
            float[] query,
            int row,
            int head,
            int position,
            Vectors keys,
            Vectors values,
            Tensor out) {
        int first = shape.firstKey(position);
        double[] scores = new double[position - first + 1];
        double max = Double.NEGATIVE_INFINITY;
        for (int j = first; j <= position; j++) {
            scores[j - first] = score(shape, query, head, position - j, keys.at(j));
            max = Math.max(max, scores[j - first]);
        }
        double sum = 0;
        for (double score : scores) {
            sum += Math.exp(score - max);
        }
        double lse = max + Math.log(sum);
        double[] weighted = new double[query.length];
        for (int j = first; j <= position; j++) {
            double p = Math.exp(scores[j - first] - lse);
            float[] value = values.at(j);
            for (int d = 0; d < weighted.length; d++) {
                weighted[d] += p * value[d];
            }
        }
        for (int d = 0; d < weighted.length; d++) {
            out.set((long) row * shape.queryWidth() + (long) head * weighted.length + d, (float) weighted[d]);
        }
        return (float) lse;
    }

    private static double score(AttentionShape shape, float[] query, int head, int distance, float[] key) {
        return dot(query, key) / Math.sqrt(shape.headDim()) - (double) shape.slope(head) * distance;
    }

    private static double dot(float[] a, float[] b) {
        double dot = 0;
        for (int d = 0; d < a.length; d++) {
            dot += (double) a[d] * b[d];
        }
        return dot;
    }

    /** Of a head: its query in a fused row. */
    private static float[] query(AttentionShape shape, Tensor qkv, int row, int head) {
        return qkv.toArray((long) row * shape.fusedWidth() + (long) head * shape.headDim(), shape.headDim());
    }

    /** Of a head: its part of a row of outputs. */
    private static float[] head(AttentionShape shape, Tensor out, int row, int head) {
        return out.toArray((long) row * shape.queryWidth() + (long) head * shape.headDim(), shape.headDim());
    }

    /** Keys or values that begin at {@code first} in each fused row. */
    private static Vectors vectors(AttentionShape shape, float[] qkv, int firstRow, int first) {
        return new Vectors((p, d) -> qkv[(firstRow + p) * shape.fusedWidth() + first + d], shape.headDim());
    }

    /** Offset of the key of this query head in a fused row. */
    private static int keyAt(AttentionShape shape, int head) {
        return shape.queryWidth() + head / shape.group() * shape.headDim();
    }

    private static void addTo(float[] numbers, int at, double value) {
        numbers[at] = (float) (numbers[at] + value);
    }
}
