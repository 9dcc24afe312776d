package dev.troupe.model.kernel.parallel;

/**
 * Shares a row of equal pieces of work, such as the panels of a weight, so that each thread goes through one stretch of
 * it from its beginning to its end: what memory is read goes on where it left off, which the processor's prefetching
 * relies on. A stretch is claimed in parts that become smaller, so that threads end together and one that is held up
 * leaves the rest of its stretch to the others.
 */
public final class Stretches {
    /** Below this many multiply-adds a second thread costs more than it saves. */
    public static final long WORTH_SHARING = 1 << 17;

    private static final int PARTS = 6;
    private static final int[] ENDS = {0, 12, 20, 26, 29, 31, 32}; // of a stretch's parts, in 32nds of it

    private Stretches() {}

    /** Work on the pieces [from, to). */
    @FunctionalInterface
    public interface StretchTask {
        void run(int from, int to);
    }

    /**
     * Runs {@code task} over parts of [0, pieces), by all threads of the pool, or by the caller alone where it is
     * little.
     *
     * @param atOnce pieces that the task goes through together: parts have that many, or a multiple, as far as they go
     * @param multiplyAdds of all pieces
     */
    public static void share(ComputePool pool, int pieces, int atOnce, long multiplyAdds, StretchTask task) {
        int stretches = multiplyAdds < WORTH_SHARING ? 1 : Math.min(pieces, pool.threads());
        if (stretches <= 1) {
            task.run(0, pieces);
            return;
        }
        // Indices are claimed in order: those of the stretches' first parts, then of their second ones, and so on.
        pool.run(stretches * PARTS, index -> {
            int part = index / stretches;
            long stretch = index % stretches;
            int start = (int) (stretch * pieces / stretches);
            int length = (int) ((stretch + 1) * pieces / stretches) - start;
            int from = start + end(length, part, atOnce);
            int to = start + end(length, part + 1, atOnce);
            if (from < to) {
                task.run(from, to);
            }
        });
    }

    private static int end(int length, int parts, int atOnce) {
        if (parts == PARTS) {
            return length;
        }
        long unit = (long) ENDS[PARTS] * atOnce;
        return (int) Math.min(length, ((long) length * ENDS[parts] + unit / 2) / unit * atOnce);
    }
}
