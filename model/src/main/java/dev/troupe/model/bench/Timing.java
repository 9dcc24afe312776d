package dev.troupe.model.bench;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Times of one piece of work, seconds, in ascending order of length.
 *
 * @param min shortest
 * @param median the figure to quote
 * @param max longest: far from the median, the machine was busy with something else
 */
record Timing(double min, double median, double max) {

    /** Warming up goes on until a stretch of it is no faster than the one before: compilation takes seconds. */
    private static final long STRETCH_NANOS = 400_000_000L;

    private static final int FEWEST_STRETCHES = 3;
    private static final int MOST_STRETCHES = 15;
    private static final double STILL_FASTER = 0.9;

    /** Short pieces of work are timed more often, for so long. */
    private static final long LEAST_NANOS = 250_000_000L;

    private static final int MOST_ROUNDS = 2_000;

    /** Turns that pieces of work take when they are compared. */
    private static final int TURNS = 3;

    /** Before a turn: threads of a native library that spin for more work have given up by then. */
    private static final long REST_NANOS = 60_000_000L;

    /**
     * Times of at least {@code rounds} runs after at least {@code warmUp}, and enough time to compile, that do not
     * count.
     */
    static Timing of(int warmUp, int rounds, Runnable work) {
        warmUp(warmUp, work);
        Samples samples = new Samples();
        samples.add(rounds, LEAST_NANOS, work);
        return samples.timing();
    }

    /** As {@link #of}, of pieces of work that take turns, so that all of them meet the same machine. */
    static List<Timing> inTurns(int warmUp, int rounds, List<Runnable> works) {
        works.forEach(work -> warmUp(warmUp, work));
        List<Samples> samples = works.stream().map(work -> new Samples()).toList();
        for (int turn = 0; turn < TURNS; turn++) {
            for (int i = 0; i < works.size(); i++) {
                LockSupport.parkNanos(REST_NANOS);
                works.get(i).run(); // wakes the threads
                samples.get(i).add((rounds + TURNS - 1) / TURNS, LEAST_NANOS / TURNS, works.get(i));
            }
        }
        return samples.stream().map(Samples::timing).toList();
    }

    /**
     * The rate of each thread beside that of one alone, between 0 and about 1.
     *
     * @param alone of the same work on one thread
     * @param threads that this took
     */
    double efficiency(Timing alone, int threads) {
        return alone.median / median / threads;
    }

    private static void warmUp(int runs, Runnable work) {
        double before = Double.MAX_VALUE;
        for (int stretch = 0; stretch < MOST_STRETCHES; stretch++) {
            double best = bestOf(stretch == 0 ? runs : 1, work);
            if (stretch + 1 >= FEWEST_STRETCHES && best > STILL_FASTER * before) {
                return;
            }
            before = best;
        }
    }

    /** Nanoseconds of the fastest run in a stretch of at least {@code runs}. */
    private static double bestOf(int runs, Runnable work) {
        long best = Long.MAX_VALUE;
        long start = System.nanoTime();
        long until = start + STRETCH_NANOS;
        for (int i = 0; i < runs || start < until; i++) {
            work.run();
            long end = System.nanoTime();
            best = Math.min(best, end - start);
            start = end;
        }
        return best;
    }

    /** Durations of one piece of work. */
    private static final class Samples {
        private final double[] seconds = new double[MOST_ROUNDS];
        private int count;

        /** Runs at least {@code rounds} times and for {@code nanos}, as far as there is space. */
        void add(int rounds, long nanos, Runnable work) {
            long start = System.nanoTime();
            long until = start + nanos;
            for (int i = 0; count < MOST_ROUNDS && (i < rounds || start < until); i++) {
                work.run();
                long end = System.nanoTime();
                seconds[count++] = (end - start) / 1e9;
                start = end;
            }
        }

        Timing timing() {
            Arrays.sort(seconds, 0, count);
            return new Timing(seconds[0], seconds[count / 2], seconds[count - 1]);
        }
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
