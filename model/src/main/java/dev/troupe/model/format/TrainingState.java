package dev.troupe.model.format;

import dev.troupe.model.data.DataPosition;
import dev.troupe.model.eval.LossCurve;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * Where a run stands, beside its tensors: what a resume needs and what a person wants to know of a checkpoint.
 *
 * @param step optimizer steps taken
 * @param position of the next micro-batch
 * @param tokens trained on since step 0
 * @param losses the curve so far, so that a resumed run draws one curve
 * @param settings the run's settings by key, as text (such as "train.seed" to "7"): a resume compares those that must
 *     not change
 */
public record TrainingState(
        long step, DataPosition position, long tokens, LossCurve losses, Map<String, String> settings) {
    public TrainingState {
        if (step < 0 || tokens < 0) {
            throw new IllegalArgumentException("step " + step + " and tokens " + tokens + " cannot be negative");
        }
        settings = Collections.unmodifiableMap(new TreeMap<>(settings));
    }
}
