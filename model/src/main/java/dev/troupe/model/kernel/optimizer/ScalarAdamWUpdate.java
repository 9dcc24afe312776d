package dev.troupe.model.kernel.optimizer;

import static dev.troupe.model.kernel.KernelArguments.requireRange;
import static dev.troupe.model.kernel.KernelArguments.requireSize;

import dev.troupe.model.tensor.Tensor;

/** The reference: PyTorch's formula, in float64 per element. */
public final class ScalarAdamWUpdate implements AdamWUpdate {
    @Override
    public void update(
            Step step, long from, long to, Tensor weights, Tensor gradients, Tensor moment1, Tensor moment2) {
        requireRange(from, to);
        requireSize("weights", weights, to);
        requireSize("gradients", gradients, to);
        requireSize("moment1", moment1, to);
        requireSize("moment2", moment2, to);
        double correction1 = 1 - Math.pow(step.beta1(), (double) step.step());
        double correction2 = 1 - Math.pow(step.beta2(), (double) step.step());
        for (long i = from; i < to; i++) {
            double g = gradients.get(i) * step.gradientScale();
            double m = step.beta1() * moment1.get(i) + (1 - step.beta1()) * g;
            double v = step.beta2() * moment2.get(i) + (1 - step.beta2()) * g * g;
            double decayed = weights.get(i) * (1 - step.learningRate() * step.weightDecay());
            double change = (m / correction1) / (Math.sqrt(v / correction2) + step.epsilon());
            moment1.set(i, (float) m);
            moment2.set(i, (float) v);
            weights.set(i, (float) (decayed - step.learningRate() * change));
        }
    }
}
