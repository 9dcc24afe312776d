package dev.troupe.model.bench.kernel;

import dev.troupe.model.sampling.CounterRandom;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;

/** Inputs of measurements. */
final class BenchInputs {
    private BenchInputs() {}

    /** Numbers between -0.5 and 0.5, the same in each run. */
    static Tensor random(TensorArena arena, int... shape) {
        Tensor tensor = arena.allocate(shape);
        for (long i = 0; i < tensor.size(); i++) {
            tensor.set(i, (float) (CounterRandom.uniform(1, 0, i) - 0.5));
        }
        return tensor;
    }
}
