package dev.troupe.model.bench.kernel;

import dev.troupe.model.bench.kernel.BenchCase.Work;
import dev.troupe.model.tensor.Tensor;
import java.util.List;

/** The functions between the products of an MLP: one pass over its activations. */
public final class ActivationBench implements KernelSuite {
    private static final int ROWS = 1024;
    private static final int GELU_WIDTH = 3072; // GPT-2
    private static final int SWIGLU_WIDTH = 1536; // SmolLM 135M

    @Override
    public List<BenchCase> cases() {
        String gelu = ROWS + "x" + GELU_WIDTH;
        long n = (long) ROWS * GELU_WIDTH;
        String swiglu = ROWS + "x" + SWIGLU_WIDTH;
        double swigluBytes = (double) ROWS * SWIGLU_WIDTH * Float.BYTES;
        return List.of(
                BenchCase.of("gelu forward", gelu, Work.bytes(2.0 * n * Float.BYTES), (kernels, arena) -> {
                    Tensor x = BenchInputs.random(arena, ROWS, GELU_WIDTH);
                    Tensor y = arena.allocate(ROWS, GELU_WIDTH);
                    return () -> kernels.activation().geluForward(n, x, y);
                }),
                BenchCase.of("gelu backward", gelu, Work.bytes(3.0 * n * Float.BYTES), (kernels, arena) -> {
                    Tensor x = BenchInputs.random(arena, ROWS, GELU_WIDTH);
                    Tensor dy = BenchInputs.random(arena, ROWS, GELU_WIDTH);
                    Tensor dx = arena.allocate(ROWS, GELU_WIDTH);
                    return () -> kernels.activation().geluBackward(n, x, dy, dx);
                }),
                BenchCase.of("swiglu forward", swiglu, Work.bytes(3 * swigluBytes), (kernels, arena) -> {
                    Tensor gateUp = BenchInputs.random(arena, ROWS, 2 * SWIGLU_WIDTH);
                    Tensor y = arena.allocate(ROWS, SWIGLU_WIDTH);
                    return () -> kernels.activation().swigluForward(ROWS, SWIGLU_WIDTH, gateUp, y);
                }),
                BenchCase.of("swiglu backward", swiglu, Work.bytes(5 * swigluBytes), (kernels, arena) -> {
                    Tensor gateUp = BenchInputs.random(arena, ROWS, 2 * SWIGLU_WIDTH);
                    Tensor dy = BenchInputs.random(arena, ROWS, SWIGLU_WIDTH);
                    Tensor dGateUp = arena.allocate(ROWS, 2 * SWIGLU_WIDTH);
                    return () -> kernels.activation().swigluBackward(ROWS, SWIGLU_WIDTH, gateUp, dy, dGateUp);
                }));
    }
}
