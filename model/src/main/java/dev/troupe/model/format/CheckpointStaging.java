package dev.troupe.model.format;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.optim.OptimizerState;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Parameters;

/**
 * A second copy of weights and moments, so that training waits for a copy in memory and not for the disk: capture, go
 * on training, and write the contents meanwhile. The next capture must wait until that write is done.
 */
public final class CheckpointStaging implements AutoCloseable {
    private final TensorArena arena = TensorArena.open("checkpoint.staging");
    private final ModelConfig config;
    private final Tokenizer tokenizer;
    private final Parameters weights;
    private final OptimizerState optimizer;

    /** Allocates three times the size of the parameters. */
    public CheckpointStaging(ModelConfig config, Tokenizer tokenizer) {
        this.config = config;
        this.tokenizer = tokenizer;
        ParameterLayout layout = ParameterLayout.of(config);
        this.weights = Parameters.allocate(layout, arena);
        this.optimizer = OptimizerState.allocate(0, layout.size(), arena);
    }

    /** Copies the live tensors; the result holds those of this staging area. */
    public CheckpointContents capture(Parameters liveWeights, OptimizerState liveOptimizer, TrainingState training) {
        weights.flat().copyFrom(liveWeights.flat());
        optimizer.moment1().copyFrom(liveOptimizer.moment1());
        optimizer.moment2().copyFrom(liveOptimizer.moment2());
        liveOptimizer.forget(liveOptimizer.from(), liveOptimizer.to());
        optimizer.setStep(liveOptimizer.step());
        return new CheckpointContents(config, weights, optimizer, tokenizer, training);
    }

    @Override
    public void close() {
        arena.close();
    }
}
