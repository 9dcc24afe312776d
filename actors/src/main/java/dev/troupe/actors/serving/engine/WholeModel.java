package dev.troupe.actors.serving.engine;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.transformer.InferenceModel;
import dev.troupe.model.transformer.WeightSource;

/**
 * A model in one piece.
 *
 * @param freeRest called last when it is closed
 */
record WholeModel(InferenceModel model, Runnable freeRest) implements StepExecutor {
    /** Lays out weights, which are not needed afterwards, and allocates a cache of so many blocks. */
    static WholeModel lay(
            EngineSettings settings,
            ModelConfig config,
            WeightSource weights,
            Kernels kernels,
            ComputePool pool,
            int numKvBlocks,
            Runnable freeRest) {
        return new WholeModel(
                InferenceModel.create(
                        config,
                        weights,
                        kernels,
                        settings.inference().options(kernels, pool),
                        numKvBlocks,
                        settings.maxBatchTokens()),
                freeRest);
    }

    @Override
    public int numKvBlocks() {
        return model.numKvBlocks();
    }

    @Override
    public InferenceModel.Output forward(BatchRows rows) {
        return rows.through(model);
    }

    @Override
    public void close() {
        model.close();
        freeRest.run();
    }
}
