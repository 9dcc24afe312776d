package dev.troupe.model.bench;

import java.util.Arrays;

/**
 * Times of one piece of work, seconds, in ascending order of length.
 *
 * @param min shortest
 * @param median the figure to quote
 * @param max longest: far from the median, the machine was busy with something else
 */
record Timing(double min, double median, double max) {

    private static final long WARM_UP_NANOS = 700_000_000L;

    /** Times of {@code rounds} runs after at least {@code warmUp}, and enough time to compile, that do not count. */
    static Timing of(int warmUp, int rounds, Runnable work) {
        long warmUntil = System.nanoTime() + WARM_UP_NANOS;
        for (int i = 0; i < warmUp || System.nanoTime() < warmUntil; i++) {
            work.run();
        }
        double[] seconds = new double[rounds];
        for (int i = 0; i < rounds; i++) {
            long start = System.nanoTime();
            work.run();
            seconds[i] = (System.nanoTime() - start) / 1e9;
        }
        Arrays.sort(seconds);
        return new Timing(seconds[0], seconds[rounds / 2], seconds[rounds - 1]);
    }

    /** As {@link #of}, for a limit: what the machine can do at its best is its shortest time. */
    static Timing best(int warmUp, int rounds, Runnable work) {
        Timing timing = of(warmUp, rounds, work);
        return new Timing(timing.min, timing.min, timing.min);
    }

    /** Units of work in a second. */
    double perSecond(double units) {
        return units / median;
    }
}
