package dev.troupe.actors.transport;

/**
 * Where the thread of a rank waits when none of its transfers can go on. In this order: {@link #prepare}, then look
 * once more whether there is something to do, then {@link #await} or {@link #cancel}; so no wake-up is lost.
 */
interface Signal extends AutoCloseable {
    /** How often it pays to look again before waiting. */
    int spins();

    /** From now on a wake-up ends the next wait. */
    void prepare();

    /** There is something to do after all. */
    void cancel();

    /** Waits for a wake-up, at most so long. May return early for no reason. */
    void await(long nanos);

    /** From any thread. */
    void wake();

    @Override
    void close();
}
