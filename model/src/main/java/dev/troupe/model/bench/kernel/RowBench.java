package dev.troupe.model.bench.kernel;

import dev.troupe.model.bench.kernel.BenchCase.Work;
import dev.troupe.model.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** Norms, activations and the loss: one pass over the rows of an activation. */
public final class RowBench implements KernelSuite {
    private static final int ROWS = 1024;
    private static final int DIM = 768;
    private static final int LOGIT_ROWS = 64;
    private static final int VOCAB = 50_257;

    @Override
    public List<BenchCase> cases() {
        String shape = ROWS + "x" + DIM;
        double bytes = (double) ROWS * DIM * Float.BYTES;
        return List.of(
                BenchCase.of("rmsnorm forward", shape, Work.bytes(2 * bytes), (kernels, arena) -> {
                    Tensor x = BenchInputs.random(arena, ROWS, DIM);
                    Tensor y = arena.allocate(ROWS, DIM);
                    Tensor weight = BenchInputs.random(arena, DIM);
                    Tensor rstd = arena.allocate(ROWS);
                    return () -> kernels.normalization().rmsForward(ROWS, DIM, 1e-5f, x, weight, y, rstd);
                }),
                BenchCase.of("gelu forward", shape, Work.bytes(2 * bytes), (kernels, arena) -> {
                    Tensor x = BenchInputs.random(arena, ROWS, DIM);
                    Tensor y = arena.allocate(ROWS, DIM);
                    return () -> kernels.activation().geluForward((long) ROWS * DIM, x, y);
                }),
                BenchCase.of("swiglu forward", shape, Work.bytes(3 * bytes), (kernels, arena) -> {
                    Tensor gateUp = BenchInputs.random(arena, ROWS, 2 * DIM);
                    Tensor y = arena.allocate(ROWS, DIM);
                    return () -> kernels.activation().swigluForward(ROWS, DIM, gateUp, y);
                }),
                crossEntropy());
    }

    private static BenchCase crossEntropy() {
        // The logits are read once and their gradient is written once.
        Work work = Work.bytes(2.0 * LOGIT_ROWS * VOCAB * Float.BYTES);
        return BenchCase.of("cross-entropy", LOGIT_ROWS + "x" + VOCAB, work, (kernels, arena) -> {
            Tensor logits = BenchInputs.random(arena, LOGIT_ROWS, VOCAB);
            Tensor losses = arena.allocate(LOGIT_ROWS);
            int[] targets = new int[LOGIT_ROWS];
            Arrays.setAll(targets, i -> i * 7);
            return () -> kernels.crossEntropy().forwardBackward(LOGIT_ROWS, VOCAB, logits, targets, 1f, losses);
        });
    }
}
