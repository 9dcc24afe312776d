package dev.troupe.deploy.bench;

import java.util.List;

/**
 * Whether something grows over a run: the mean of the last third of the measurements beside that of the first, once the
 * first ones, in which caches fill and code is compiled, are left out. What grows for ever grows in the rest as well,
 * what only fills does not. Means, for single measurements after a garbage collection still differ by what happens to
 * be in flight.
 *
 * @param what was measured
 * @param unit of the figures
 * @param before mean of the first third
 * @param after mean of the last third
 * @param allowed difference that is no growth
 */
public record Growth(String what, String unit, double before, double after, double allowed) {
    /** Of all measurements, those in which the heap and what is counted comes to its size. */
    static final double WARM_UP = 0.25;

    /** Fewer measurements after the warm-up say nothing. */
    static final int LEAST = 3;

    /**
     * Compares.
     *
     * @param warmUp part of the measurements that is left out
     * @param allowed difference that is no growth, beside {@code allowedShare} of the first mean
     * @throws IllegalArgumentException when fewer than {@link #LEAST} measurements are left after the warm-up
     */
    static Growth of(
            String what, String unit, List<Double> measured, double warmUp, double allowed, double allowedShare) {
        List<Double> judged = measured.subList((int) (measured.size() * warmUp), measured.size());
        if (judged.size() < LEAST) {
            throw new IllegalArgumentException(measured.size() + " measurements of " + what + " are too few");
        }
        int third = judged.size() / 3;
        double before = mean(judged.subList(0, third));
        double after = mean(judged.subList(judged.size() - third, judged.size()));
        return new Growth(what, unit, before, after, allowed + allowedShare * before);
    }

    /** Whether it grew by more than is allowed. */
    public boolean tooMuch() {
        return after - before > allowed;
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }
}
