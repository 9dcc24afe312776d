package dev.troupe.actors.training.run;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Collects how fast the steps of a run of any length are, in bounded memory: when there are too many samples,
 * neighbours are joined. Not thread-safe.
 */
public final class SpeedRecorder {
    /** Even, and about as many as a chart has pixels. */
    static final int MAX_SAMPLES = 512;

    /**
     * Some steps one after the other.
     *
     * @param step the last of them
     * @param communicationShare of their time, in which ranks waited for each other
     * @param modelFlopsUtilization share of the peak of all nodes; null when that is not known
     */
    public record Sample(
            long step,
            double tokensPerSecond,
            double communicationShare,
            @Nullable Double modelFlopsUtilization) {}

    private record Sum(int steps, long step, long tokens, double seconds, double communication, double peakFlops) {
        Sum plus(Sum next) {
            return new Sum(
                    steps + next.steps,
                    next.step,
                    tokens + next.tokens,
                    seconds + next.seconds,
                    communication + next.communication,
                    next.peakFlops);
        }
    }

    private final List<Sum> sums = new ArrayList<>();
    private int stepsPerSample = 1;

    /**
     * Adds a step.
     *
     * @param peakFlops operations a second of all nodes; 0 when not known
     */
    void add(long step, long tokens, double seconds, double communication, double peakFlops) {
        Sum sum = new Sum(1, step, tokens, seconds, communication, peakFlops);
        if (!sums.isEmpty() && sums.getLast().steps < stepsPerSample) {
            sums.set(sums.size() - 1, sums.getLast().plus(sum));
            return;
        }
        if (sums.size() == MAX_SAMPLES) {
            for (int i = 0; i < MAX_SAMPLES / 2; i++) {
                sums.set(i, sums.get(2 * i).plus(sums.get(2 * i + 1)));
            }
            sums.subList(MAX_SAMPLES / 2, MAX_SAMPLES).clear();
            stepsPerSample *= 2;
        }
        sums.add(sum);
    }

    /**
     * All that was recorded.
     *
     * @param flopsPerToken of training; 0 when not known
     */
    List<Sample> samples(double flopsPerToken) {
        return sums.stream().map(sum -> sample(sum, flopsPerToken)).toList();
    }

    private static Sample sample(Sum sum, double flopsPerToken) {
        double rate = sum.seconds == 0 ? 0 : sum.tokens / sum.seconds;
        // Ranks begin with a step before it is ordered, so some of its waiting may be in the time of the one before.
        double waiting = sum.seconds == 0 ? 0 : Math.min(1, sum.communication / sum.seconds);
        return new Sample(
                sum.step,
                rate,
                waiting,
                sum.peakFlops == 0 || flopsPerToken == 0 ? null : rate * flopsPerToken / sum.peakFlops);
    }
}
