package dev.troupe.deploy.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * What others take of the processors: other processes, the system and, where the machine is a virtual one, its host,
 * which need not say so. It belongs to nothing that is measured and cannot be told from it: where a millisecond of
 * plain computing takes half a millisecond more at P99, so does a first token. Measured by a thread for each processor
 * that looks at the clock all the time: what lies between two looks that are far apart was somebody else's.
 *
 * @param share part of all processors' time
 * @param millisecond how long a millisecond's computing takes, in milliseconds
 */
public record StolenTime(double share, Quantiles millisecond) {
    private static final long WORK_NANOS = 1_000_000;

    /** A look takes some 30 nanoseconds, in code that is not compiled yet ten times that. */
    private static final long LONG_LOOK_NANOS = 20_000;

    /**
     * Computes on all processors for a while.
     *
     * @return how long each millisecond of computing took, in nanoseconds
     */
    static List<Long> watch(long nanos) {
        int processors = Runtime.getRuntime().availableProcessors();
        List<Future<List<Long>>> watching = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(processors)) {
            for (int i = 0; i < processors; i++) {
                watching.add(threads.submit(() -> work(nanos)));
            }
        } // waits for them
        return watching.stream()
                .map(Future::resultNow)
                .flatMap(Collection::stream)
                .toList();
    }

    private static List<Long> work(long nanos) {
        long[] took = new long[(int) (nanos / WORK_NANOS) + 1];
        int count = 0;
        long start = System.nanoTime();
        long began = start;
        long worked = 0;
        for (long last = start, now = start; now - start < nanos; last = now) {
            now = System.nanoTime();
            if (now - last < LONG_LOOK_NANOS) {
                worked += now - last;
            }
            if (worked >= WORK_NANOS) {
                took[count++] = now - began;
                began = now;
                worked = 0;
            }
        }
        return Arrays.stream(took, 0, count).boxed().toList();
    }

    /** Of milliseconds that were watched, at least one, which took so many nanoseconds each. */
    static StolenTime of(List<Long> took) {
        long all = took.stream().mapToLong(Long::longValue).sum();
        return new StolenTime(
                Math.max(0, 1 - (double) took.size() * WORK_NANOS / all),
                Quantiles.of(took.stream().mapToDouble(Long::doubleValue)));
    }
}
