package dev.troupe.model.kernel.vector;

import dev.troupe.model.kernel.parallel.ComputePool;

/** Shares [0, n) among threads in contiguous pieces. */
public final class Ranges {
    private static final int TASKS_PER_THREAD = 2;

    private Ranges() {}

    /** Work on the elements [from, to). */
    @FunctionalInterface
    public interface RangeTask {
        void run(long from, long to);
    }

    /**
     * Runs {@code task} over pieces of [0, n).
     *
     * @param grain pieces start at multiples of it and are at least this long, so that sharing pays
     */
    public static void share(ComputePool pool, long n, long grain, RangeTask task) {
        long grains = (n + grain - 1) / grain;
        if (grains == 0) {
            return;
        }
        int tasks = Math.toIntExact(Math.min(grains, (long) TASKS_PER_THREAD * pool.threads()));
        if (tasks == 1 || pool.threads() == 1) {
            task.run(0, n);
            return;
        }
        pool.run(tasks, i -> task.run(grains * i / tasks * grain, Math.min(n, grains * (i + 1) / tasks * grain)));
    }
}
