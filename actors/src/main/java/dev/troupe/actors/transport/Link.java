package dev.troupe.actors.transport;

import dev.troupe.actors.collective.Operation;
import dev.troupe.actors.collective.TensorLink;
import dev.troupe.actors.collective.Transfer;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What links have in common: transfers in order, moved on by the thread of the rank. Only {@link #peerLeft} may be
 * called by another thread.
 */
abstract class Link implements TensorLink {
    private final RankLinks owner;
    private final Peer peer;
    private final Deque<PendingTransfer> sends = new ArrayDeque<>();
    private final Deque<PendingTransfer> receives = new ArrayDeque<>();
    private volatile boolean left;

    Link(RankLinks owner, Peer peer) {
        this.owner = owner;
        this.peer = peer;
    }

    @Override
    public Transfer send(Operation operation, MemorySegment values) {
        PendingTransfer transfer = new PendingTransfer(owner, operation, values, false);
        sends.add(transfer);
        started(transfer);
        return transfer;
    }

    @Override
    public Transfer receive(Operation operation, MemorySegment into) {
        return receive(new PendingTransfer(owner, operation, into, false));
    }

    @Override
    public Transfer receiveAndAdd(Operation operation, MemorySegment into) {
        return receive(new PendingTransfer(owner, operation, into, true));
    }

    private Transfer receive(PendingTransfer transfer) {
        receives.add(transfer);
        return transfer;
    }

    final Peer peer() {
        return peer;
    }

    final RankLinks owner() {
        return owner;
    }

    final Deque<PendingTransfer> sends() {
        return sends;
    }

    final Deque<PendingTransfer> receives() {
        return receives;
    }

    /** A send has begun. */
    abstract void started(PendingTransfer send);

    /** Does a bounded piece of what can be done without waiting; false when there was nothing. */
    abstract boolean advance();

    /** Nothing can go on: the thread of the rank is about to wait. */
    void beforeWait() {}

    /** After a failure: forgets all transfers, and returns when nobody touches their memory. */
    void abandon() {
        sends.clear();
        receives.clear();
    }

    /** Releases what the link holds. */
    abstract void close();

    /** The peer has closed the group in good order: what it sent before can still be received. */
    final void peerLeft() {
        left = true;
        owner.wake();
    }

    final boolean hasLeft() {
        return left;
    }
}
