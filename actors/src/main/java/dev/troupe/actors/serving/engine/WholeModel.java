package dev.troupe.actors.serving.engine;

import dev.troupe.model.transformer.InferenceModel;

/**
 * A model in one piece.
 *
 * @param freeRest called last when it is closed
 */
record WholeModel(InferenceModel model, Runnable freeRest) implements StepExecutor {
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
