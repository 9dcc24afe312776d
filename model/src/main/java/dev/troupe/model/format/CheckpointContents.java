package dev.troupe.model.format;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.optim.OptimizerState;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.transformer.Parameters;

/**
 * What a checkpoint is written from. The tensors must not change while it is: training gives those of a
 * {@link CheckpointStaging}.
 *
 * @param optimizer the state of all parameters
 */
public record CheckpointContents(
        ModelConfig config, Parameters weights, OptimizerState optimizer, Tokenizer tokenizer, TrainingState training) {
    public CheckpointContents {
        if (optimizer.from() != 0 || optimizer.to() != weights.layout().size()) {
            throw new IllegalArgumentException("the optimizer state covers [" + optimizer.from() + ", " + optimizer.to()
                    + ") of " + weights.layout().size() + " parameters");
        }
    }
}
