package dev.troupe.model.bench.kernel;

import dev.troupe.model.bench.kernel.BenchCase.Work;
import dev.troupe.model.kernel.optimizer.AdamWUpdate;
import dev.troupe.model.tensor.Tensor;
import java.util.List;

/** What passes over all parameters of a model once a step. */
public final class OptimizerBench implements KernelSuite {
    private static final int PARAMETERS = 32 << 20;

    @Override
    public List<BenchCase> cases() {
        // Weights, gradients and both moments read; weights and moments written.
        Work work = Work.updated(7.0 * PARAMETERS * Float.BYTES);
        String shape = PARAMETERS + " parameters";
        return List.of(
                BenchCase.of("adamw", shape, work, (kernels, arena) -> {
                    Tensor weights = BenchInputs.random(arena, PARAMETERS);
                    Tensor gradients = BenchInputs.random(arena, PARAMETERS);
                    Tensor moment1 = arena.allocate(PARAMETERS);
                    Tensor moment2 = arena.allocate(PARAMETERS);
                    AdamWUpdate.Step step = new AdamWUpdate.Step(10, 1e-3, 0.9, 0.95, 1e-8, 0.1, 1);
                    return () -> kernels.adamW().update(step, 0, PARAMETERS, weights, gradients, moment1, moment2);
                }),
                BenchCase.of(
                        "sum of squares", shape, Work.bytes((double) PARAMETERS * Float.BYTES), (kernels, arena) -> {
                            Tensor gradients = BenchInputs.random(arena, PARAMETERS);
                            return () -> kernels.elementwise().sumOfSquares(0, PARAMETERS, gradients);
                        }));
    }
}
