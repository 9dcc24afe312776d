package dev.troupe.model.bench.kernel;

import dev.troupe.model.bench.kernel.BenchCase.Work;
import dev.troupe.model.tensor.Tensor;
import java.util.List;

/** Norms over the rows of an activation. */
public final class NormBench implements KernelSuite {
    private static final int ROWS = 1024;
    private static final int DIM = 768;
    private static final float EPS = 1e-5f;

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
                    return () -> kernels.normalization().rmsForward(ROWS, DIM, EPS, x, weight, y, rstd);
                }),
                BenchCase.of("rmsnorm backward", shape, Work.bytes(4 * bytes), (kernels, arena) -> {
                    Tensor x = BenchInputs.random(arena, ROWS, DIM);
                    Tensor dy = BenchInputs.random(arena, ROWS, DIM);
                    Tensor dx = arena.allocate(ROWS, DIM);
                    Tensor weight = BenchInputs.random(arena, DIM);
                    Tensor rstd = BenchInputs.random(arena, ROWS);
                    Tensor dWeight = arena.allocate(DIM);
                    return () -> kernels.normalization().rmsBackward(ROWS, DIM, x, weight, rstd, dy, dx, dWeight);
                }),
                BenchCase.of("layernorm forward", shape, Work.bytes(2 * bytes), (kernels, arena) -> {
                    Tensor x = BenchInputs.random(arena, ROWS, DIM);
                    Tensor y = arena.allocate(ROWS, DIM);
                    Tensor weight = BenchInputs.random(arena, DIM);
                    Tensor bias = BenchInputs.random(arena, DIM);
                    Tensor mean = arena.allocate(ROWS);
                    Tensor rstd = arena.allocate(ROWS);
                    return () -> kernels.normalization().layerForward(ROWS, DIM, EPS, x, weight, bias, y, mean, rstd);
                }),
                BenchCase.of("layernorm backward", shape, Work.bytes(4 * bytes), (kernels, arena) -> {
                    Tensor x = BenchInputs.random(arena, ROWS, DIM);
                    Tensor dy = BenchInputs.random(arena, ROWS, DIM);
                    Tensor dx = arena.allocate(ROWS, DIM);
                    Tensor weight = BenchInputs.random(arena, DIM);
                    Tensor mean = BenchInputs.random(arena, ROWS);
                    Tensor rstd = BenchInputs.random(arena, ROWS);
                    Tensor dWeight = arena.allocate(DIM);
                    Tensor dBias = arena.allocate(DIM);
                    return () -> kernels.normalization()
                            .layerBackward(ROWS, DIM, x, weight, mean, rstd, dy, dx, dWeight, dBias);
                }));
    }
}
