package dev.troupe.model.kernel.optimizer;

import dev.troupe.model.tensor.Tensor;

/** One fused AdamW step (decoupled weight decay, arXiv:1711.05101) over a flat range. */
public interface AdamWUpdate {
    /**
     * The numbers of a step.
     *
     * @param step from 1, for the bias corrections
     * @param gradientScale multiplies the gradient first: clipping, loss scaling, accumulation
     */
    record Step(
            long step,
            double learningRate,
            double beta1,
            double beta2,
            double epsilon,
            double weightDecay,
            double gradientScale) {}

    /** Updates weights, first and second moments of elements [from, to). */
    void update(Step step, long from, long to, Tensor weights, Tensor gradients, Tensor moment1, Tensor moment2);
}
