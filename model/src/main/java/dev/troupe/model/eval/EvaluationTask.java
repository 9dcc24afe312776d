package dev.troupe.model.eval;

/** Something that is measured of each checkpoint, besides its held-out loss: see {@link EvaluationTasks}. */
public interface EvaluationTask {
    /** As a configuration names it, a file without its folders. */
    String name();

    /**
     * Measures a model. Blocks while it computes.
     *
     * @throws dev.troupe.model.TroupeException when a file of the task cannot be read or does not fit the model
     */
    double score(EvaluatedModel model);
}
