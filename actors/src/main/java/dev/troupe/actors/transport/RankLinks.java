package dev.troupe.actors.transport;

import dev.troupe.actors.collective.LinkGroup;
import dev.troupe.actors.collective.Operation;
import dev.troupe.actors.collective.TensorLink;
import dev.troupe.model.parallel.CommunicationException;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One rank's links, and the loop in which its thread moves their transfers on. There are no other threads that touch
 * tensors: when an operation has thrown, their memory is the caller's.
 *
 * <p>The first failure decides: it is told to all peers, ends the call under way, and is what every later call throws.
 */
final class RankLinks implements LinkGroup {
    /** Owner of this package's native memory (NativeMemory). */
    static final String MEMORY_OWNER = "transport";

    private static final int BUSY = 1;
    private static final int CLOSED = 2;
    private static final Failure CLOSED_BY_OWNER = new Failure("it was closed", null);

    private final String group;
    private final Peer self;
    private final int rank;
    private final long timeoutNanos;
    private final Signal signal;
    private final @Nullable Link[] links; // by rank; null at this one's own place
    private final TensorArena arena = TensorArena.open(MEMORY_OWNER);
    private final AtomicReference<@Nullable Failure> failure = new AtomicReference<>();
    /** BUSY, CLOSED: in one number, so that a close knows whether it ends an operation. */
    private final AtomicInteger life = new AtomicInteger();

    private final AtomicBoolean released = new AtomicBoolean();
    private final List<PeerNotice> notices = new CopyOnWriteArrayList<>();
    private Runnable whenFailed = () -> {};
    private Runnable whenReleased = () -> {};
    private @Nullable TensorArena scratchArena;
    private MemorySegment scratch = MemorySegment.NULL;
    private Operation operation = Operation.SEND;

    private record Failure(String reason, @Nullable Throwable cause) {}

    RankLinks(String group, Peer self, int size, Duration timeout, Signal signal) {
        this.group = group;
        this.self = self;
        this.rank = self.rank();
        this.timeoutNanos = timeout.toNanos();
        this.signal = signal;
        this.links = new Link[size];
    }

    /** Sets the link to a rank and how that rank is told of this one's end, before the first operation. */
    void connect(Link link, PeerNotice notice) {
        links[link.peer().rank()] = link;
        notices.add(notice);
    }

    /** Has something run when the group fails, on the thread that notices. */
    void whenFailed(Runnable action) {
        whenFailed = action;
    }

    /** Has something run when everything has been released. */
    void whenReleased(Runnable action) {
        whenReleased = action;
    }

    String group() {
        return group;
    }

    @Override
    public int rank() {
        return rank;
    }

    @Override
    public int size() {
        return links.length;
    }

    @Override
    public TensorLink link(int other) {
        return Objects.requireNonNull(links[other], "a rank has no link to itself");
    }

    Signal signal() {
        return signal;
    }

    TensorArena arena() {
        return arena;
    }

    void wake() {
        signal.wake();
    }

    @Override
    public MemorySegment scratch(long bytes) {
        if (scratch.byteSize() < bytes) {
            if (scratchArena != null) {
                scratchArena.close();
            }
            scratchArena = TensorArena.open(MEMORY_OWNER);
            scratch = scratchArena.allocateBytes(bytes);
        }
        return scratch;
    }

    @Override
    public void run(Operation newOperation, Runnable body) {
        int before = life.getAndUpdate(state -> state == 0 ? BUSY : state);
        if ((before & CLOSED) != 0) {
            failure.compareAndSet(null, CLOSED_BY_OWNER);
            throw failed();
        }
        if (before == BUSY) {
            throw new IllegalStateException("two threads use " + this + " at the same time");
        }
        try {
            checkFailure();
            operation = newOperation;
            body.run();
        } catch (CommunicationException e) {
            throw e; // has failed the group where it was made
        } catch (RuntimeException | Error e) {
            throw fail(operation + " failed on " + self + ": " + e, e);
        } finally {
            if (failure.get() != null) {
                forEachLink(Link::abandon);
            }
            if ((life.updateAndGet(state -> state & ~BUSY) & CLOSED) != 0) {
                release();
            }
        }
    }

    /** Moves all transfers on until this one has ended. */
    void await(PendingTransfer transfer) {
        int idle = 0;
        long idleSince = 0;
        while (!transfer.finished()) {
            checkFailure();
            if (advance()) {
                idle = 0;
            } else if (idle < signal.spins()) {
                idle++;
                Thread.onSpinWait();
            } else {
                if (idle++ == signal.spins()) {
                    idleSince = System.nanoTime();
                }
                sleep(timeoutNanos - (System.nanoTime() - idleSince));
            }
        }
    }

    private void sleep(long nanos) {
        if (nanos <= 0) {
            throw fail(waitedFor() + " did not answer within " + timeoutNanos / 1_000_000 + " ms", null);
        }
        if (Thread.currentThread().isInterrupted()) {
            throw fail("the thread of " + self + " was interrupted", null);
        }
        signal.prepare();
        if (failure.get() != null || advance()) {
            signal.cancel();
        } else {
            forEachLink(Link::beforeWait);
            signal.await(nanos);
        }
    }

    private boolean advance() {
        boolean moved = false;
        for (Link link : links) {
            if (link != null) {
                moved |= link.advance();
            }
        }
        return moved;
    }

    boolean hasFailed() {
        return failure.get() != null;
    }

    /** The peers of transfers that have not ended. */
    private String waitedFor() {
        StringBuilder peers = new StringBuilder();
        for (Link link : links) {
            if (link != null && !(link.sends().isEmpty() && link.receives().isEmpty())) {
                peers.append(peers.isEmpty() ? "" : " or ").append(link.peer());
            }
        }
        return peers.toString();
    }

    /** Throws what has ended the group, if anything has. */
    void checkFailure() {
        if (failure.get() != null) {
            throw failed();
        }
    }

    private CommunicationException failed() {
        Failure first = Objects.requireNonNull(failure.get());
        String message = "group " + group + " ended on rank " + rank + ": " + first.reason();
        return first.cause() == null
                ? new CommunicationException(message)
                : new CommunicationException(message, first.cause());
    }

    /**
     * Ends the group, unless it has failed already, and tells the peers.
     *
     * @param reason names the rank and what happened
     * @return what to throw
     */
    CommunicationException fail(String reason, @Nullable Throwable cause) {
        if (failure.compareAndSet(null, new Failure(reason, cause))) {
            signal.wake();
            whenFailed.run();
            notices.forEach(notice -> notice.failed(reason));
        }
        return failed();
    }

    @Override
    public void close() {
        boolean underWay = (life.getAndUpdate(state -> state | CLOSED) & BUSY) != 0;
        if (failure.compareAndSet(null, CLOSED_BY_OWNER)) {
            signal.wake();
            for (PeerNotice notice : notices) {
                if (underWay) {
                    notice.failed(self + " closed it during " + operation);
                } else {
                    notice.left();
                }
            }
        }
        if (!underWay) {
            release();
        }
    }

    private void release() {
        if (released.compareAndSet(false, true)) {
            forEachLink(Link::close);
            notices.forEach(PeerNotice::close);
            signal.close();
            if (scratchArena != null) {
                scratchArena.close();
            }
            arena.close();
            whenReleased.run();
        }
    }

    private void forEachLink(Consumer<Link> action) {
        for (Link link : links) {
            if (link != null) {
                action.accept(link);
            }
        }
    }

    @Override
    public String toString() {
        return self + " of the " + links.length + " ranks of group " + group;
    }
}
