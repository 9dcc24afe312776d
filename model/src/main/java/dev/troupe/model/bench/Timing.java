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
    /** Short pieces of work are timed more often, for so long. */
    private static final long LEAST_NANOS = 250_000_000L;

    private static final int MOST_ROUNDS = 2_000;

    /**
     * Times of at least {@code rounds} runs after at least {@code warmUp}, and enough time to compile, that do not
     * count.
     */
    static Timing of(int warmUp, int rounds, Runnable work) {
        long warmUntil = System.nanoTime() + WARM_UP_NANOS;
        for (int i = 0; i < warmUp || System.nanoTime() < warmUntil; i++) {
            work.run();
        }
        double[] seconds = new double[MOST_ROUNDS];
        int count = 0;
        long until = System.nanoTime() + LEAST_NANOS;
        for (long start = System.nanoTime(); count < rounds || (count < MOST_ROUNDS && start < until); count++) {
            work.run();
            long end = System.nanoTime();
            seconds[count] = (end - start) / 1e9;
            start = end;
        }
        Arrays.sort(seconds, 0, count);
        return new Timing(seconds[0], seconds[count / 2], seconds[count - 1]);
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
