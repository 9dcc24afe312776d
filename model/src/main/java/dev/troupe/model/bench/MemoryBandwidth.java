package dev.troupe.model.bench;

import dev.troupe.model.kernel.cache.CacheSizes;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import jdk.incubator.vector.FloatVector;

/**
 * Memory at its fastest. Each thread reads four streams at once: on the machine of docs/performance.md 33 GB/s, where
 * one stream gives 30; asking for lines ahead by hand gave 26. A loop for each pattern in a method of its own, for a
 * loop that chooses is too large for the compiler.
 */
final class MemoryBandwidth {
    private static final int ROUNDS = 15;
    private static final int STREAMS = 4;
    /** That all threads read together of memory: far more than the last-level cache holds. */
    private static final int TIMES_THE_CACHE = 4;

    private static final long LEAST_BYTES_PER_THREAD = 128L << 20;
    /** Far more than a fair share of a large cache that other machines of a host use, too. */
    private static final long MOST_BYTES_PER_THREAD = 512L << 20;
    /** More than the second-level cache, less than the last. */
    private static final long CACHE_BYTES_PER_THREAD = 16L << 20;

    private final ComputePool pool;
    private final long bytesPerThread;
    private final Tensor[] memory;
    private final float[] sinks;

    MemoryBandwidth(ComputePool pool, TensorArena arena) {
        this.pool = pool;
        this.bytesPerThread = Math.clamp(
                TIMES_THE_CACHE * CacheSizes.machine().outer() / pool.threads(),
                LEAST_BYTES_PER_THREAD,
                MOST_BYTES_PER_THREAD);
        this.memory = new Tensor[pool.threads()];
        this.sinks = new float[pool.threads()];
        pool.run(memory.length, t -> {
            memory[t] = arena.allocate(Math.toIntExact(bytesPerThread / Float.BYTES));
            memory[t].segment().fill((byte) 1);
        });
    }

    /** GB/s of reading what is in no cache. */
    double readMemory() {
        return perSecond(bytesPerThread, 1, t -> sinks[t] = read(memory[t].address(), bytesPerThread));
    }

    /** GB/s of reading what the last-level cache holds. */
    double readCache() {
        return perSecond(CACHE_BYTES_PER_THREAD, 1, t -> sinks[t] = read(memory[t].address(), CACHE_BYTES_PER_THREAD));
    }

    /** GB/s of changing floats in place, read and written bytes together. */
    double update() {
        return perSecond(bytesPerThread, 2, t -> scale(memory[t].address(), bytesPerThread));
    }

    private double perSecond(long bytesEach, int directions, ComputePool.IndexedTask task) {
        double bytes = (double) bytesEach * memory.length * directions;
        return Timing.best(2, ROUNDS, () -> pool.run(memory.length, task)).perSecond(bytes) / 1e9;
    }

    private static float read(long address, long bytes) {
        FloatVector a = Lanes.zero();
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        long stream = bytes / STREAMS;
        for (long at = address; at < address + stream; at += Lanes.BYTES) {
            a = Lanes.load(at).add(a);
            b = Lanes.load(at + stream).add(b);
            c = Lanes.load(at + 2 * stream).add(c);
            d = Lanes.load(at + 3 * stream).add(d);
        }
        return a.add(b).add(c.add(d)).lane(0);
    }

    private static void scale(long address, long bytes) {
        for (long at = address; at < address + bytes; at += Lanes.BYTES) {
            Lanes.store(Lanes.load(at).mul(0.9999f), at);
        }
    }
}
