package dev.troupe.model.bench.kernel;

import dev.troupe.model.bench.kernel.BenchCase.Work;
import dev.troupe.model.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** Softmax and cross-entropy over chunks of logits. */
public final class LossBench implements KernelSuite {
    private static final int ROWS = 256;
    private static final int VOCAB = 50_257;

    @Override
    public List<BenchCase> cases() {
        double bytes = (double) ROWS * VOCAB * Float.BYTES;
        String shape = ROWS + "x" + VOCAB;
        return List.of(
                BenchCase.of("cross-entropy forward", shape, Work.bytes(bytes), (kernels, arena) -> {
                    Tensor logits = BenchInputs.random(arena, ROWS, VOCAB);
                    Tensor losses = arena.allocate(ROWS);
                    int[] targets = targets();
                    return () -> kernels.crossEntropy().forward(ROWS, VOCAB, logits, targets, losses);
                }),
                // The logits are read once and their gradient is written once.
                BenchCase.of("cross-entropy with gradient", shape, Work.bytes(2 * bytes), (kernels, arena) -> {
                    Tensor logits = BenchInputs.random(arena, ROWS, VOCAB);
                    Tensor losses = arena.allocate(ROWS);
                    int[] targets = targets();
                    return () -> kernels.crossEntropy().forwardBackward(ROWS, VOCAB, logits, targets, 1f, losses);
                }));
    }

    private static int[] targets() {
        int[] targets = new int[ROWS];
        Arrays.setAll(targets, i -> i * 7);
        return targets;
    }
}
