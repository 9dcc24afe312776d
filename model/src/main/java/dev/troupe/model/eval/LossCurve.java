package dev.troupe.model.eval;

import java.util.List;

/**
 * The losses of a run so far, in order of step.
 *
 * @param stepsPerSample training steps that one sample is the mean of (the last may have fewer)
 * @param training mean losses of steps
 * @param validation losses on held-out text
 */
public record LossCurve(int stepsPerSample, List<LossSample> training, List<LossSample> validation) {
    public LossCurve {
        if (stepsPerSample < 1) {
            throw new IllegalArgumentException("stepsPerSample (" + stepsPerSample + ") must be positive");
        }
        training = List.copyOf(training);
        validation = List.copyOf(validation);
    }

    /** The curve before the first step. */
    public static LossCurve empty() {
        return new LossCurve(1, List.of(), List.of());
    }
}
