package dev.troupe.actors.transport;

import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** The wait of a rank all of whose peers are threads of this JVM. */
final class ParkSignal implements Signal {
    /** Some microseconds, in which a peer that works on the same operation usually gets there. */
    private static final int SPINS = 100;

    private volatile @Nullable Thread waiting;

    @Override
    public int spins() {
        return SPINS;
    }

    @Override
    public void prepare() {
        waiting = Thread.currentThread();
    }

    @Override
    public void cancel() {
        waiting = null;
    }

    @Override
    public void await(long nanos) {
        LockSupport.parkNanos(this, nanos);
        waiting = null;
    }

    @Override
    public void wake() {
        Thread thread = waiting;
        if (thread != null) {
            LockSupport.unpark(thread);
        }
    }

    @Override
    public void close() {}
}
