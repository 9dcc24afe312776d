package dev.troupe.actors.training.run;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Tells when a run's loss has left its course: so many steps on end above the mean of those before by so many of their
 * standard deviations. One bad batch is none; losses of a spike do not count in the mean. Not thread-safe.
 */
public final class LossSpikes {
    /**
     * What counts as a spike.
     *
     * @param window losses whose mean and deviation are the measure; nothing is one before there are so many
     * @param sigmas standard deviations above the mean
     * @param steps on end; 0 for never
     */
    public record Options(int window, double sigmas, int steps) {}

    /** Of the mean: a curve that hardly moves must not make every ripple a spike. */
    private static final double LEAST_DEVIATION = 0.01;

    private final Options options;
    private final Deque<Double> window = new ArrayDeque<>();
    private final Deque<Double> high = new ArrayDeque<>(); // the latest losses, when they are too high

    public LossSpikes(Options options) {
        this.options = options;
    }

    /** The loss of the next step. */
    public void add(double loss) {
        if (isHigh(loss)) {
            high.add(loss);
            return;
        }
        high.forEach(this::keep); // the course has risen only for a while: that was noise
        high.clear();
        keep(loss);
    }

    /** Whether the latest losses are a spike. */
    public boolean isSpike() {
        return options.steps() > 0 && high.size() >= options.steps();
    }

    /** How many of the latest losses are too high, on end. */
    public int highSteps() {
        return high.size();
    }

    private boolean isHigh(double loss) {
        if (options.steps() == 0 || window.size() < options.window()) {
            return false;
        }
        double mean = window.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
        double variance = window.stream()
                .mapToDouble(past -> (past - mean) * (past - mean))
                .average()
                .orElseThrow();
        return loss - mean > options.sigmas() * Math.max(Math.sqrt(variance), LEAST_DEVIATION * Math.abs(mean));
    }

    private void keep(double loss) {
        window.add(loss);
        if (window.size() > options.window()) {
            window.remove();
        }
    }
}
