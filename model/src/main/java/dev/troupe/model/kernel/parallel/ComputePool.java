package dev.troupe.model.kernel.parallel;

/**
 * The threads that kernels split their work over. A task is identified by its index only, so which thread runs it never
 * changes a result: work is split by output element, never along a reduction.
 */
public interface ComputePool extends AutoCloseable {
    /** Work number {@code index} of a parallel call. */
    @FunctionalInterface
    interface IndexedTask {
        void run(int index);
    }

    /** Number of threads that work at once, the caller's included. */
    int threads();

    /**
     * Runs {@code task} for every index in [0, count) and returns when all are done. The caller takes part. Several
     * callers may share a pool. The first exception that a task throws is rethrown here after all have ended.
     */
    void run(int count, IndexedTask task);

    @Override
    void close();
}
