package dev.troupe.actors.transport;

import dev.troupe.actors.collective.Operation;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Memory of a sender that its receiver, a thread of the same JVM, reads where it lies. The receiver takes it for a
 * bounded piece of work at a time; in between the sender may withdraw it, after which nobody reads it.
 */
final class Offer {
    private static final int OFFERED = 0;
    private static final int TAKEN = 1;
    private static final int RELEASED = 2;
    private static final int WITHDRAWN = 3;

    private final Operation operation;
    private final MemorySegment memory;
    private final AtomicInteger state = new AtomicInteger(OFFERED);
    private final Signal sender;

    Offer(Operation operation, MemorySegment memory, Signal sender) {
        this.operation = operation;
        this.memory = memory;
        this.sender = sender;
    }

    Operation operation() {
        return operation;
    }

    MemorySegment memory() {
        return memory;
    }

    /** The receiver may read until it puts the offer back or releases it. False when the sender has withdrawn it. */
    boolean take() {
        return state.compareAndSet(OFFERED, TAKEN);
    }

    void putBack() {
        state.set(OFFERED);
    }

    /** The receiver has all of it. */
    void release() {
        state.set(RELEASED);
        sender.wake();
    }

    boolean isReleased() {
        return state.get() == RELEASED;
    }

    /** The sender's memory is its own again when this returns; waits out a piece of work that is under way. */
    void withdraw() {
        while (!state.compareAndSet(OFFERED, WITHDRAWN) && state.get() == TAKEN) {
            Thread.onSpinWait();
        }
    }
}
