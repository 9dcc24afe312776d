package dev.troupe.actors.compute;

import dev.troupe.model.bench.MachinePeak;
import dev.troupe.model.kernel.parallel.ComputePool;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What this process's threads can compute at most, measured once for each number of them. */
public final class MeasuredPeak {
    private static final Map<Integer, Double> GFLOPS = new ConcurrentHashMap<>(); // by threads

    private MeasuredPeak() {}

    /** The float32 multiply-add peak of a pool, 10^9 operations a second. The first call takes a third of a second. */
    public static double gflops(ComputePool pool) {
        return GFLOPS.computeIfAbsent(pool.threads(), _ -> MachinePeak.multiplyAddGflops(pool));
    }

    /** The same when it was measured before, else 0. */
    public static double knownGflops(ComputePool pool) {
        return GFLOPS.getOrDefault(pool.threads(), 0.0);
    }
}
