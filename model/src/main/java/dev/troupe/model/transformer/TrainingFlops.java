package dev.troupe.model.transformer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.PositionKind;

/** How much a training computes. */
public final class TrainingFlops {
    private TrainingFlops() {}

    /**
     * Floating-point operations of a token, forward and backward: 6 N + 12 L H T, where N are all parameters but the
     * position table, H is the width of all heads and T the context (arXiv:2204.02311, appendix B). What is computed
     * again in the backward pass does not count.
     */
    public static double perToken(ModelConfig model) {
        long parameters = ParameterLayout.of(model).size();
        long positions = model.positions() == PositionKind.LEARNED ? (long) model.contextLength() * model.dim() : 0;
        return 6.0 * (parameters - positions)
                + 12.0 * model.numLayers() * model.numHeads() * model.headDim() * model.contextLength();
    }
}
