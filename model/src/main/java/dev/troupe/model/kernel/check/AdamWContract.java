package dev.troupe.model.kernel.check;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.optimizer.AdamWUpdate;
import dev.troupe.model.tensor.Tensor;

/** Three steps over part of a flat range, whose neighbours stay as they are. */
final class AdamWContract implements OperationContract<Kernels> {
    private static final int STEPS = 3;

    @Override
    public String name() {
        return "adamW";
    }

    @Override
    public void brief(Comparison<Kernels> on) {
        on.where(KernelUse.TRAINING, () -> at(on, 35));
    }

    @Override
    public void full(Comparison<Kernels> on) {
        for (int n : new int[] {0, 1, 3, 7, 9, 15, 16, 17, 127, 40_009}) {
            at(on, n);
        }
    }

    private static void at(Comparison<Kernels> on, int n) {
        on.compare("adamW", "n " + n, STEPS, (kernels, in) -> {
            Tensor weights = in.output("weights", n + 2);
            Tensor moment1 = in.output("moment1", n + 2);
            Tensor moment2 = in.output("moment2", n + 2);
            moment1.zero();
            moment2.zero();
            for (int step = 1; step <= STEPS; step++) {
                AdamWUpdate.Step numbers = new AdamWUpdate.Step(step, 0.01, 0.9, 0.95, 1e-8, 0.1, 0.5);
                kernels.adamW().update(numbers, 1, n + 1L, weights, in.normal(n + 2), moment1, moment2);
            }
        });
    }
}
