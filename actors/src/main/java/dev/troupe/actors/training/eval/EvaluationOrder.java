package dev.troupe.actors.training.eval;

import dev.troupe.actors.wire.WireMessage;
import org.jspecify.annotations.Nullable;

/**
 * A model to evaluate.
 *
 * @param kind what it is to the run
 * @param step of the run that it belongs to
 * @param path of the model, or for a shadow of a run, whose latest checkpoint is meant
 * @param windows most held-out windows to evaluate
 * @param known a model that needs no evaluation if it is the one that is meant
 */
public record EvaluationOrder(
        Kind kind,
        long step,
        String path,
        int windows,
        @Nullable String known) implements WireMessage {
    /** What is evaluated. */
    public enum Kind {
        /** A checkpoint beside the training. */
        CHECKPOINT,
        /** The last checkpoint of a run that is complete: its loss is the run's. */
        FINAL,
        /** The model that the run is compared with. */
        SHADOW,
        /** The same on as many windows as the last checkpoint. */
        FINAL_SHADOW;

        /** Whether it is no checkpoint of the run. */
        boolean isShadow() {
            return this == SHADOW || this == FINAL_SHADOW;
        }

        /** Whether a run that is complete waits for it. */
        boolean isFinal() {
            return this == FINAL || this == FINAL_SHADOW;
        }
    }

    /** A checkpoint of a step. */
    public static EvaluationOrder checkpoint(long step, String path, int windows) {
        return new EvaluationOrder(Kind.CHECKPOINT, step, path, windows, null);
    }
}
