package dev.troupe.model.bench;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.kernel.gemm.PackedMatrix;
import dev.troupe.model.kernel.gemm.Transpose;
import dev.troupe.model.kernel.optimizer.AdamWUpdate;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/** Measures the kernels of one provider at the shapes of real models. */
public final class KernelBench {
    private static final int WARM_UP = 12;
    private static final int ROUNDS = 15;

    /** m, n, k: square, GPT-2's layers with many and few rows, a character model's layers. */
    private static final int[][] GEMM_SHAPES = {
        {1024, 1024, 1024},
        {1024, 3072, 768},
        {256, 3072, 768},
        {64, 3072, 768},
        {16, 3072, 768},
        {1, 3072, 768},
        {768, 384, 128},
        {768, 128, 512},
    };

    private final Kernels kernels;
    private final MachinePeak peak;
    private final String filter;
    private final List<KernelBenchReport.Row> rows = new ArrayList<>();

    private KernelBench(Kernels kernels, MachinePeak peak, String filter) {
        this.kernels = kernels;
        this.peak = peak;
        this.filter = filter.toLowerCase(Locale.ROOT);
    }

    /**
     * Measures every kernel whose name contains {@code filter}.
     *
     * @param kernels made for {@code pool}
     * @param filter empty for all
     */
    public static KernelBenchReport run(Kernels kernels, ComputePool pool, String filter) {
        KernelBench bench = new KernelBench(kernels, MachinePeak.measure(pool), filter);
        bench.gemm();
        bench.attention();
        bench.memoryBound();
        return new KernelBenchReport(kernels.name(), bench.peak, bench.rows);
    }

    private void gemm() {
        for (int[] shape : GEMM_SHAPES) {
            int m = shape[0];
            int n = shape[1];
            int k = shape[2];
            String label = m + "x" + n + "x" + k;
            try (TensorArena arena = TensorArena.open("bench.gemm")) {
                Tensor a = random(arena, m, k);
                Tensor weights = random(arena, n, k);
                Tensor c = arena.allocate(m, n);
                Tensor dWeights = arena.allocate(n, k);
                Tensor dA = arena.allocate(m, k);
                double flops = 2.0 * m * n * k;
                computed(
                        "gemm forward (A, B transposed)",
                        label,
                        flops,
                        () -> kernels.gemm()
                                .multiply(Transpose.NO, Transpose.YES, m, n, k, a, k, weights, k, c, n, false));
                computed(
                        "gemm input gradient (A, B)",
                        label,
                        flops,
                        () -> kernels.gemm()
                                .multiply(Transpose.NO, Transpose.NO, m, k, n, c, n, weights, k, dA, k, false));
                computed(
                        "gemm weight gradient (A transposed, B)",
                        label,
                        flops,
                        () -> kernels.gemm()
                                .multiply(Transpose.YES, Transpose.NO, n, k, m, c, n, a, k, dWeights, k, true));
                PackedMatrix packed = kernels.gemm().pack(Transpose.YES, k, n, weights, k, arena);
                computed(
                        "gemm packed",
                        label,
                        flops,
                        () -> kernels.gemm().multiplyPacked(m, a, k, packed, null, c, n, false));
            }
        }
    }

    private void attention() {
        attention(new AttentionShape(4, 4, 32), 12, 64);
        attention(new AttentionShape(12, 12, 64), 4, 256);
    }

    private void attention(AttentionShape shape, int batch, int time) {
        String label = batch + "x" + time + ", " + shape.numHeads() + " heads of " + shape.headDim();
        try (TensorArena arena = TensorArena.open("bench.attention")) {
            int tokens = batch * time;
            Tensor qkv = random(arena, tokens, shape.fusedWidth());
            Tensor out = arena.allocate(tokens, shape.queryWidth());
            Tensor logSumExp = arena.allocate(batch, shape.numHeads(), time);
            Tensor dOut = random(arena, tokens, shape.queryWidth());
            Tensor dQkv = arena.allocate(tokens, shape.fusedWidth());
            // Two products over the causal half of the scores, forward; five backward.
            double pairs = batch * (double) shape.numHeads() * time * (time + 1) / 2;
            double forward = 2 * 2 * pairs * shape.headDim();
            computed(
                    "attention forward",
                    label,
                    forward,
                    () -> kernels.attention().forward(shape, batch, time, qkv, out, logSumExp));
            computed(
                    "attention backward",
                    label,
                    forward * 2.5,
                    () -> kernels.attention().backward(shape, batch, time, qkv, out, logSumExp, dOut, dQkv));
        }
    }

    private void memoryBound() {
        int vocab = 50_257;
        int rowsOfLogits = 64;
        try (TensorArena arena = TensorArena.open("bench.memory")) {
            Tensor logits = random(arena, rowsOfLogits, vocab);
            Tensor losses = arena.allocate(rowsOfLogits);
            int[] targets = new int[rowsOfLogits];
            Arrays.setAll(targets, i -> i * 7);
            moved(
                    "cross-entropy",
                    rowsOfLogits + "x" + vocab,
                    2.0 * rowsOfLogits * vocab * Float.BYTES,
                    () -> kernels.crossEntropy().forwardBackward(rowsOfLogits, vocab, logits, targets, 1f, losses));
        }
        int numRows = 1024;
        int dim = 768;
        try (TensorArena arena = TensorArena.open("bench.memory")) {
            Tensor x = random(arena, numRows, dim);
            Tensor y = arena.allocate(numRows, dim);
            Tensor weight = random(arena, dim);
            Tensor rstd = arena.allocate(numRows);
            Tensor gateUp = random(arena, numRows, 2 * dim);
            double bytes = (double) numRows * dim * Float.BYTES;
            moved(
                    "rmsnorm forward",
                    numRows + "x" + dim,
                    2 * bytes,
                    () -> kernels.normalization().rmsForward(numRows, dim, 1e-5f, x, weight, y, rstd));
            moved(
                    "gelu forward",
                    numRows + "x" + dim,
                    2 * bytes,
                    () -> kernels.activation().geluForward((long) numRows * dim, x, y));
            moved(
                    "swiglu forward",
                    numRows + "x" + dim,
                    3 * bytes,
                    () -> kernels.activation().swigluForward(numRows, dim, gateUp, y));
        }
        int parameters = 16 << 20;
        try (TensorArena arena = TensorArena.open("bench.memory")) {
            Tensor weights = random(arena, parameters);
            Tensor gradients = random(arena, parameters);
            Tensor moment1 = arena.allocate(parameters);
            Tensor moment2 = arena.allocate(parameters);
            AdamWUpdate.Step step = new AdamWUpdate.Step(10, 1e-3, 0.9, 0.95, 1e-8, 0.1, 1);
            // Four tensors read, three written.
            moved(
                    "adamw",
                    parameters + " parameters",
                    7.0 * parameters * Float.BYTES,
                    () -> kernels.adamW().update(step, 0, parameters, weights, gradients, moment1, moment2));
        }
    }

    private void computed(String kernel, String shape, double flops, Runnable work) {
        measure(kernel, shape, "GFLOP/s", flops / 1e9, peak.gflops(), work);
    }

    private void moved(String kernel, String shape, double bytes, Runnable work) {
        measure(kernel, shape, "GB/s", bytes / 1e9, peak.readGigabytesPerSecond(), work);
    }

    private void measure(String kernel, String shape, String unit, double units, double limit, Runnable work) {
        if (!kernel.contains(filter)) {
            return;
        }
        Timing timing = Timing.of(WARM_UP, ROUNDS, work);
        double rate = timing.perSecond(units);
        rows.add(new KernelBenchReport.Row(
                kernel,
                shape,
                unit,
                timing.median() * 1e3,
                rate,
                units / timing.max(),
                units / timing.min(),
                rate / limit));
    }

    private static Tensor random(TensorArena arena, int... shape) {
        Tensor tensor = arena.allocate(shape);
        Random random = new Random(1);
        for (long i = 0; i < tensor.size(); i++) {
            tensor.set(i, random.nextFloat() - 0.5f);
        }
        return tensor;
    }
}
