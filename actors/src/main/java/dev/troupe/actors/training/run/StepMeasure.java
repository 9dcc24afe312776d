package dev.troupe.actors.training.run;

import java.util.ArrayList;
import java.util.List;

/** The first steps of a run with a time budget, until there are enough to say how many fit. Not thread-safe. */
public final class StepMeasure {
    /** Share of the budget after which the number of steps is fixed, at the latest after so many seconds. */
    private static final double MEASURED_SHARE = 0.15;

    private static final double LONGEST_SECONDS = 60;
    private static final int FEWEST_STEPS = 3;

    private final double budgetSeconds;
    private final List<Double> stepSeconds = new ArrayList<>();

    public StepMeasure(double budgetSeconds) {
        this.budgetSeconds = budgetSeconds;
    }

    /** A step has taken so long, or would have if it were one of the longest. */
    public void add(double seconds) {
        stepSeconds.add(seconds);
    }

    /** Whether everything is compiled by now, as far as one can tell. */
    public boolean isEnough(double elapsedSeconds) {
        return elapsedSeconds >= Math.min(budgetSeconds * MEASURED_SHARE, LONGEST_SECONDS)
                && stepSeconds.size() >= FEWEST_STEPS;
    }

    /** A typical step: the median of the later half. */
    public double secondsPerStep() {
        List<Double> sorted = stepSeconds.subList(stepSeconds.size() / 2, stepSeconds.size()).stream()
                .sorted()
                .toList();
        return sorted.get(sorted.size() / 2);
    }

    /** A first guess of the number of steps that are still to come, at least 1. */
    public long remainingSteps(double elapsedSeconds) {
        return Math.max(1, (long) ((budgetSeconds - elapsedSeconds) / secondsPerStep()));
    }
}
