package dev.troupe.actors.transport;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/** What one rank offers another of the same JVM, in order. As long as the sender's transfers that have not ended. */
final class LocalQueue {
    private final Queue<Offer> offers = new ConcurrentLinkedQueue<>();
    private final Signal receiver;

    LocalQueue(Signal receiver) {
        this.receiver = receiver;
    }

    void add(Offer offer) {
        offers.add(offer);
        receiver.wake();
    }

    @Nullable Offer head() {
        return offers.peek();
    }

    void removeHead() {
        offers.remove();
    }
}
