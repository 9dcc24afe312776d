package dev.troupe.model.kernel.check;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.kernel.gemm.PackedMatrix;
import dev.troupe.model.kernel.gemm.Transpose;
import dev.troupe.model.kernel.optimizer.AdamWUpdate;
import dev.troupe.model.tensor.Tensor;
import java.util.function.Consumer;

/** Every operation at a given shape, against the scalar reference. Differences go to the consumer. */
public final class KernelChecks {
    private final Comparison comparison;

    public KernelChecks(Kernels subject, Kernels reference, long seed, Consumer<KernelDifference> found) {
        this.comparison = new Comparison(subject, reference, seed, found);
    }

    /** All transposes, with and without accumulation, rows wider than the matrix, and the packed form with bias. */
    public void gemm(int m, int n, int k) {
        String shape = "m " + m + ", n " + n + ", k " + k;
        for (Transpose ta : Transpose.values()) {
            for (Transpose tb : Transpose.values()) {
                for (boolean accumulate : new boolean[] {false, true}) {
                    comparison.compare("gemm", shape + ", " + ta + " " + tb + " " + accumulate, k, (kernels, in) -> {
                        int lda = (ta == Transpose.YES ? m : k) + 3;
                        int ldb = (tb == Transpose.YES ? k : n) + 5;
                        Tensor a = in.normal(ta == Transpose.YES ? k : m, lda);
                        Tensor b = in.normal(tb == Transpose.YES ? n : k, ldb);
                        Tensor c = in.output("c", m, n + 2);
                        kernels.gemm().multiply(ta, tb, m, n, k, a, lda, b, ldb, c, n + 2, accumulate);
                    });
                }
            }
        }
        for (boolean biased : new boolean[] {false, true}) {
            comparison.compare("gemm packed", shape + ", bias " + biased, k, (kernels, in) -> {
                Tensor a = in.normal(m, k);
                Tensor b = in.normal(n, k);
                Tensor bias = in.normal(n);
                PackedMatrix packed = kernels.gemm().pack(Transpose.YES, k, n, b, k, in.arena());
                Tensor c = in.output("c", m, n);
                kernels.gemm().multiplyPacked(m, a, k, packed, biased ? bias : null, c, n, biased);
            });
        }
    }

    /** RMSNorm and LayerNorm, forward and backward, with and without bias. */
    public void normalization(int rows, int dim) {
        String shape = "rows " + rows + ", dim " + dim;
        int length = Math.max(rows, dim);
        comparison.compare("rms norm", shape, length, (kernels, in) -> {
            Tensor x = in.normal(rows, dim);
            Tensor weight = in.normal(dim);
            Tensor rstd = in.output("rstd", rows);
            kernels.normalization().rmsForward(rows, dim, 1e-5f, x, weight, in.output("y", rows, dim), rstd);
            Tensor dx = in.output("dx", rows, dim);
            Tensor dWeight = in.output("dWeight", dim);
            kernels.normalization().rmsBackward(rows, dim, x, weight, rstd, in.normal(rows, dim), dx, dWeight);
        });
        for (boolean biased : new boolean[] {false, true}) {
            comparison.compare("layer norm", shape + ", bias " + biased, length, (kernels, in) -> {
                Tensor x = in.normal(rows, dim);
                Tensor weight = in.normal(dim);
                Tensor bias = in.normal(dim);
                Tensor mean = in.output("mean", rows);
                Tensor rstd = in.output("rstd", rows);
                Tensor y = in.output("y", rows, dim);
                kernels.normalization().layerForward(rows, dim, 1e-5f, x, weight, biased ? bias : null, y, mean, rstd);
                Tensor dx = in.output("dx", rows, dim);
                Tensor dWeight = in.output("dWeight", dim);
                Tensor dBias = in.output("dBias", dim);
                Tensor dy = in.normal(rows, dim);
                kernels.normalization()
                        .layerBackward(rows, dim, x, weight, mean, rstd, dy, dx, dWeight, biased ? dBias : null);
            });
        }
    }

    /** Whole sequences, forward and backward. */
    public void attention(AttentionShape shape, int batch, int time) {
        comparison.compare("attention", shape + ", batch " + batch + ", time " + time, time, (kernels, in) -> {
            int rows = batch * time;
            Tensor qkv = in.normal(rows, shape.fusedWidth());
            Tensor out = in.output("out", rows, shape.queryWidth());
            Tensor lse = in.output("logSumExp", rows, shape.numHeads());
            kernels.attention().forward(shape, batch, time, qkv, out, lse);
            Tensor dOut = in.normal(rows, shape.queryWidth());
            Tensor dQkv = in.output("dQkv", rows, shape.fusedWidth());
            kernels.attention().backward(shape, batch, time, qkv, out, lse, dOut, dQkv);
        });
    }

    /** Two sequences through one cache, blocks in mixed order, in two calls. */
    public void cachedAttention(AttentionShape shape, int time) {
        comparison.compare("cached attention", shape + ", time " + time, time, (kernels, in) -> {
            int blocksEach = time / KvBlocks.BLOCK_TOKENS + 1;
            KvBlocks blocks = new KvBlocks(shape, 2 * blocksEach, in.arena());
            int[][] tables = new int[2][blocksEach];
            for (int i = 0; i < blocksEach; i++) {
                tables[0][i] = 2 * blocksEach - 1 - 2 * i;
                tables[1][i] = 2 * i;
            }
            int[] start = {0, 0};
            for (int rows : new int[] {time, 1}) {
                int[] positions = new int[2 * rows];
                int[][] blockTables = new int[2 * rows][];
                for (int r = 0; r < 2 * rows; r++) {
                    positions[r] = start[r % 2]++;
                    blockTables[r] = tables[r % 2];
                }
                Tensor qkv = in.normal(2 * rows, shape.fusedWidth());
                Tensor out = in.output("out of " + rows, 2 * rows, shape.queryWidth());
                kernels.attention().cachedForward(blocks, 2 * rows, qkv, positions, blockTables, out);
            }
        });
    }

    /** Rotation and back. */
    public void rotary(int rows, int numHeads, int headDim) {
        comparison.compare(
                "rotary", "rows " + rows + ", heads " + numHeads + ", headDim " + headDim, 1, (kernels, in) -> {
                    int stride = numHeads * headDim + 3;
                    Tensor table = in.normal(7, headDim);
                    int[] positions = in.indices(rows, 0, 7);
                    for (boolean inverse : new boolean[] {false, true}) {
                        Tensor x = in.output("x", rows, stride);
                        kernels.rotary().rotate(rows, numHeads, headDim, x, stride, positions, table, inverse);
                    }
                });
    }

    /** GELU and SwiGLU, forward and backward. */
    public void activation(int rows, int width) {
        String shape = "rows " + rows + ", width " + width;
        comparison.compare("gelu", shape, 1, (kernels, in) -> {
            long n = (long) rows * width;
            Tensor x = in.normal(rows, width);
            kernels.activation().geluForward(n, x, in.output("y", rows, width));
            kernels.activation().geluBackward(n, x, in.normal(rows, width), in.output("dx", rows, width));
        });
        comparison.compare("swiglu", shape, 1, (kernels, in) -> {
            Tensor gateUp = in.normal(rows, 2 * width);
            kernels.activation().swigluForward(rows, width, gateUp, in.output("y", rows, width));
            Tensor dGateUp = in.output("dGateUp", rows, 2 * width);
            kernels.activation().swigluBackward(rows, width, gateUp, in.normal(rows, width), dGateUp);
        });
    }

    /** With some targets that do not count. */
    public void crossEntropy(int rows, int vocab) {
        comparison.compare("cross entropy", "rows " + rows + ", vocab " + vocab, vocab, (kernels, in) -> {
            int[] targets = in.indices(rows, -1, vocab);
            Tensor logits = in.output("logits", rows, vocab);
            kernels.crossEntropy().forward(rows, vocab, logits, targets, in.output("losses", rows));
            Tensor losses = in.output("losses with gradient", rows);
            kernels.crossEntropy().forwardBackward(rows, vocab, logits, targets, 0.5f, losses);
        });
    }

    /** Look-up and gradient, rows occurring more than once. */
    public void embedding(int rows, int dim) {
        comparison.compare("embedding", "rows " + rows + ", dim " + dim, rows, (kernels, in) -> {
            int[] indices = in.indices(rows, 0, 5);
            Tensor table = in.normal(5, dim);
            for (boolean accumulate : new boolean[] {false, true}) {
                kernels.embedding().gather(rows, dim, indices, table, in.output("out", rows, dim), accumulate);
            }
            kernels.embedding().scatterAdd(rows, dim, indices, in.normal(rows, dim), in.output("dTable", 5, dim));
        });
    }

    /** Three steps over part of a flat range. */
    public void adamW(int n) {
        comparison.compare("adamW", "n " + n, 3, (kernels, in) -> {
            Tensor weights = in.output("weights", n + 2);
            Tensor moment1 = in.output("moment1", n + 2);
            Tensor moment2 = in.output("moment2", n + 2);
            moment1.zero();
            moment2.zero();
            for (int step = 1; step <= 3; step++) {
                AdamWUpdate.Step numbers = new AdamWUpdate.Step(step, 0.01, 0.9, 0.95, 1e-8, 0.1, 0.5);
                kernels.adamW().update(numbers, 1, n + 1L, weights, in.normal(n + 2), moment1, moment2);
            }
        });
    }

    /** Sums, biases and dropout. */
    public void elementwise(int rows, int dim) {
        comparison.compare("elementwise", "rows " + rows + ", dim " + dim, rows, (kernels, in) -> {
            long n = (long) rows * dim;
            kernels.elementwise().add(n, in.normal(rows, dim), in.output("sum", rows, dim));
            kernels.elementwise().addBias(rows, dim, in.normal(dim), in.output("biased", rows, dim));
            kernels.elementwise().biasBackward(rows, dim, in.normal(rows, dim), in.output("dBias", dim));
            kernels.elementwise().dropout(n, 0.3f, 42, 7, in.output("dropped", rows, dim));
        });
        comparison.compare("sum of squares", "rows " + rows + ", dim " + dim, rows * dim, (kernels, in) -> {
            double sum = kernels.elementwise().sumOfSquares(1, 1 + (long) rows * dim, in.normal(2 + rows * dim));
            in.output("sum", 1).set(0, (float) sum);
        });
    }
}
