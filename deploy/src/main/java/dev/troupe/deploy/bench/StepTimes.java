package dev.troupe.deploy.bench;

import java.util.List;

/**
 * What a load made of the engine's steps. Its tokens a second are these three together: tokens of a step, over its
 * time, times the part of the time in which steps ran.
 *
 * @param tokensPerStep tokens of answers over steps, those that read prompts included: fewer where requests that come
 *     at once are not read in one step, or where who asks again comes too late for the next one
 * @param stepMillis mean time of a step
 * @param idleShare part of the load's time in which no step ran
 */
public record StepTimes(double tokensPerStep, double stepMillis, double idleShare) {
    /**
     * Of loads that lasted {@code seconds} altogether.
     *
     * @param tokens of their answers
     * @param steps all of theirs
     */
    static StepTimes of(double tokens, double seconds, List<WatchedEngine.Step> steps) {
        double stepSeconds =
                steps.stream().mapToLong(step -> step.end() - step.start()).sum() / 1e9;
        return new StepTimes(tokens / steps.size(), stepSeconds * 1e3 / steps.size(), 1 - stepSeconds / seconds);
    }
}
