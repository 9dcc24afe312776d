package dev.troupe.actors.transport;

import dev.troupe.model.kernel.vector.Rows;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A link to a rank of the same JVM: memory is handed over by reference, and the receiver copies or adds it from where
 * it lies. A send ends when it has been received, so nothing is ever buffered.
 */
final class LocalLink extends Link {
    /** Most that is read of a sender's memory between two looks at whether the group has failed. */
    private static final long STEP_BYTES = 1 << 20;

    private final LocalQueue out;
    private final LocalQueue in;
    private final Deque<Offer> offers = new ArrayDeque<>(); // one for each of sends()

    private LocalLink(RankLinks owner, Peer peer, LocalQueue out, LocalQueue in) {
        super(owner, peer);
        this.out = out;
        this.in = in;
    }

    /** Connects two ranks of this JVM, before either has begun an operation. */
    static void connect(RankLinks one, RankLinks other, String node) {
        LocalQueue there = new LocalQueue(other.signal());
        LocalQueue back = new LocalQueue(one.signal());
        LocalLink link = new LocalLink(one, new Peer(other.rank(), node), there, back);
        LocalLink otherLink = new LocalLink(other, new Peer(one.rank(), node), back, there);
        one.connect(link, notice(other, otherLink));
        other.connect(otherLink, notice(one, link));
    }

    private static PeerNotice notice(RankLinks peer, Link peersLink) {
        return new PeerNotice() {
            @Override
            public void failed(String reason) {
                peer.fail(reason, null);
            }

            @Override
            public void left() {
                peersLink.peerLeft();
            }
        };
    }

    @Override
    void started(PendingTransfer send) {
        Offer offer = new Offer(send.operation(), send.memory(), owner().signal());
        offers.add(offer);
        out.add(offer);
    }

    @Override
    boolean advance() {
        boolean moved = endSends();
        moved |= advanceReceive();
        if (!moved && hasLeft() && !(sends().isEmpty() && receives().isEmpty()) && in.head() == null) {
            throw owner().fail(peer() + " left the group", null);
        }
        return moved;
    }

    private boolean endSends() {
        boolean moved = false;
        for (Offer offer = offers.peek(); offer != null && offer.isReleased(); offer = offers.peek()) {
            offers.remove();
            sends().remove().finish();
            moved = true;
        }
        return moved;
    }

    private boolean advanceReceive() {
        PendingTransfer receive = receives().peek();
        Offer offer = in.head();
        if (receive == null || offer == null || !offer.take()) {
            return false; // a sender that withdraws has failed the group before
        }
        boolean whole = false;
        try {
            check(receive, offer);
            step(receive, offer.memory());
            whole = receive.left() == 0;
        } finally {
            if (!whole) {
                offer.putBack();
            }
        }
        if (whole) {
            in.removeHead();
            receives().remove().finish();
            offer.release();
        }
        return true;
    }

    private void check(PendingTransfer receive, Offer offer) {
        if (offer.operation() != receive.operation() || offer.memory().byteSize() != receive.bytes()) {
            throw owner().fail(
                            Mismatch.describe(
                                    peer(),
                                    offer.operation().code(),
                                    offer.memory().byteSize(),
                                    receive.operation(),
                                    receive.bytes()),
                            null);
        }
    }

    private static void step(PendingTransfer receive, MemorySegment source) {
        long bytes = Math.min(STEP_BYTES, receive.left());
        long at = receive.moved();
        if (receive.adds()) {
            long target = receive.memory().address() + at;
            Rows.add((int) (bytes / Float.BYTES), target, source.address() + at, target);
        } else {
            MemorySegment.copy(source, at, receive.memory(), at, bytes);
        }
        receive.move(bytes);
    }

    @Override
    void abandon() {
        offers.forEach(Offer::withdraw);
        offers.clear();
        super.abandon();
    }

    @Override
    void close() {}
}
