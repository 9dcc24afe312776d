package dev.troupe.model.kernel.parallel;

/**
 * The threads that a process is told to compute with.
 *
 * @param wanted how many; 0 for one per core
 * @param pinned whether threads that a pool owns stay on one processor each, where the system can do so. Pays where
 *     this process has its processors to itself; elsewhere a pinned thread waits for its processor while another is
 *     idle.
 */
public record ComputeThreads(int wanted, boolean pinned) {
    public ComputeThreads {
        if (wanted < 0) {
            throw new IllegalArgumentException("threads must be at least 0, not " + wanted);
        }
    }

    /** Threads that go where the system puts them. */
    public static ComputeThreads of(int wanted) {
        return new ComputeThreads(wanted, false);
    }

    /** How many there are. */
    public int count() {
        return wanted > 0 ? wanted : Runtime.getRuntime().availableProcessors();
    }

    /** A pool of all of them. */
    public ComputePool open() {
        return open(count());
    }

    /** A pool of {@code count} of them, where several pools share a machine. */
    public ComputePool open(int count) {
        return FixedComputePool.create(count, pinned);
    }
}
