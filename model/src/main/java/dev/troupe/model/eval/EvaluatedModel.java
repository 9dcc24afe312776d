package dev.troupe.model.eval;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.transformer.Parameters;
import dev.troupe.model.transformer.TrainingStage;

/**
 * A model that tasks measure.
 *
 * @param stage computes with the whole model, at most {@code time} tokens of a row
 * @param time tokens of the run's windows
 * @param heldOut the pass over held-out windows that came first
 */
public record EvaluatedModel(
        Parameters weights,
        Tokenizer tokenizer,
        Kernels kernels,
        TrainingStage stage,
        int time,
        HeldOutScores heldOut) {}
