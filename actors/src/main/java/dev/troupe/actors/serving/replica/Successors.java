package dev.troupe.actors.serving.replica;

/**
 * Whether the requests of clients whose answers ended together are waited for, so that they are read in one step.
 *
 * <p>Programs that keep a number of requests under way, such as an evaluation, ask again as soon as they are answered.
 * Whose answers ended with one step ask again within a millisecond or two, one after the other; a step that begins with
 * the first of them has the others one step behind it to their end, where it leaves a step with a row too few and a
 * prompt that is read alone. Only where nothing else is being answered, and several ended at once, is anybody waited
 * for.
 */
final class Successors {
    private static final int SEVERAL = 2;
    private static final int FURTHER = 3; // those who come follow each other sooner than the first follows the end

    private final long waitNanos;
    private int numEnded;
    private int numCame;
    private long untilNanos;
    private long latestNanos;

    /** @param waitNanos after the end of answers for the first request; with 0 nobody is waited for */
    Successors(long waitNanos) {
        this.waitNanos = waitNanos;
    }

    /**
     * A step has ended, and what it gave is about to be told.
     *
     * @param stepNanos that it took: nobody is waited for longer than half of that, once they come
     */
    void stepEnded(long stepNanos, long now) {
        numEnded = 0;
        numCame = 0;
        untilNanos = now + waitNanos;
        latestNanos = now + Math.max(waitNanos, stepNanos / 2);
    }

    /** An answer has ended with the last step; its client does not know yet. */
    void answerEnded() {
        numEnded++;
    }

    /** A request has come. */
    void came(long now) {
        if (numCame < numEnded) {
            numCame++;
            untilNanos = Math.min(latestNanos, Math.max(untilNanos, now + waitNanos / FURTHER));
        }
    }

    /** How long the next step may wait for others; not positive when it must not. */
    long leftNanos(long now) {
        return numEnded >= SEVERAL && numCame < numEnded ? untilNanos - now : 0;
    }
}
