package dev.troupe.model.bench;

import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.tensor.TensorArena;
import jdk.incubator.vector.FloatVector;

/**
 * What this machine can do at most, measured, not looked up: the limits that other measurements are shares of.
 *
 * @param threads that were used at once
 * @param gflops float32 multiply-add peak over all threads, 10^9 operations a second
 * @param readGigabytesPerSecond of memory far larger than the caches, over all threads
 * @param cacheReadGigabytesPerSecond of 16 MiB a thread, which the last-level cache holds
 * @param updateGigabytesPerSecond of floats changed in place in memory, read and written bytes together
 */
public record MachinePeak(
        int threads,
        double gflops,
        double readGigabytesPerSecond,
        double cacheReadGigabytesPerSecond,
        double updateGigabytesPerSecond) {
    private static final int ROUNDS = 60;
    private static final int FMA_ITERATIONS = 500_000; // two milliseconds

    /**
     * Of a call before the measurement: compilers count calls, and a turn takes 50 microseconds before they are done.
     */
    private static final int FEW_ITERATIONS = 16;

    private static final int CALLS = 100; // of a batch
    private static final long COMPILED_NANOS = 1_000_000; // a batch takes a hundredth of that once it is compiled
    private static final int MOST_BATCHES = 200;

    /** Independent sums: more than latency times throughput of any multiply-add unit so far. */
    private static final int CHAINS = 12;

    /** Measures on the threads of {@code pool}; takes a few seconds. */
    public static MachinePeak measure(ComputePool pool) {
        double gflops = multiplyAddGflops(pool);
        try (TensorArena arena = TensorArena.open("bench.bandwidth")) {
            MemoryBandwidth bandwidth = new MemoryBandwidth(pool, arena);
            return new MachinePeak(
                    pool.threads(), gflops, bandwidth.readMemory(), bandwidth.readCache(), bandwidth.update());
        }
    }

    /**
     * The float32 multiply-add peak alone, 10^9 operations a second. Takes a tenth of a second, and a quarter more in a
     * process that has just started.
     */
    public static double multiplyAddGflops(ComputePool pool) {
        compile();
        float[] sinks = new float[pool.threads()];
        long best = Long.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            long start = System.nanoTime();
            pool.run(pool.threads(), t -> sinks[t] = multiplyAdd(FMA_ITERATIONS, sinks[t]));
            best = Math.min(best, System.nanoTime() - start);
        }
        double flops = 2.0 * Lanes.LANES * CHAINS * FMA_ITERATIONS * pool.threads();
        return flops / best;
    }

    /** Calls it shortly until that is fast, but not for ever: a machine may be too busy to compile. */
    private static void compile() {
        float sink = 0;
        for (int batch = 0; batch < MOST_BATCHES; batch++) {
            long start = System.nanoTime();
            for (int call = 0; call < CALLS; call++) {
                sink = multiplyAdd(FEW_ITERATIONS, sink);
            }
            if (System.nanoTime() - start < COMPILED_NANOS) {
                return;
            }
        }
    }

    /** Twelve chains of dependent multiply-adds, none of which waits for another. */
    private static float multiplyAdd(int iterations, float seed) {
        FloatVector a = FloatVector.broadcast(Lanes.SPECIES, 0.999f);
        FloatVector b = FloatVector.broadcast(Lanes.SPECIES, seed * 1e-9f + 1e-3f);
        FloatVector c0 = b;
        FloatVector c1 = b;
        FloatVector c2 = b;
        FloatVector c3 = b;
        FloatVector c4 = b;
        FloatVector c5 = b;
        FloatVector c6 = b;
        FloatVector c7 = b;
        FloatVector c8 = b;
        FloatVector c9 = b;
        FloatVector c10 = b;
        FloatVector c11 = b;
        for (int i = 0; i < iterations; i++) {
            c0 = c0.fma(a, b);
            c1 = c1.fma(a, b);
            c2 = c2.fma(a, b);
            c3 = c3.fma(a, b);
            c4 = c4.fma(a, b);
            c5 = c5.fma(a, b);
            c6 = c6.fma(a, b);
            c7 = c7.fma(a, b);
            c8 = c8.fma(a, b);
            c9 = c9.fma(a, b);
            c10 = c10.fma(a, b);
            c11 = c11.fma(a, b);
        }
        FloatVector sum = c0.add(c1)
                .add(c2.add(c3))
                .add(c4.add(c5))
                .add(c6.add(c7))
                .add(c8.add(c9))
                .add(c10.add(c11));
        return sum.lane(0);
    }
}
