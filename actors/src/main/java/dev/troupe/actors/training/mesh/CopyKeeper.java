package dev.troupe.actors.training.mesh;

import dev.troupe.model.mesh.checkpoint.ShardSnapshot;
import dev.troupe.model.parallel.CommunicationException;
import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.parallel.PeerThread;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps the latest copies of a rank that runs on another node. */
final class CopyKeeper {
    private static final Logger LOG = LoggerFactory.getLogger(CopyKeeper.class);

    private final Epoch epoch;
    private final int rank;
    private final PeerThread thread;
    private final CopySlots copies;
    private final CompletableFuture<Void> receiving;
    private volatile boolean ended;
    private volatile @Nullable Communicator group;

    /** Begins to receive; the first copy is the state after {@code firstStep} steps. */
    CopyKeeper(Epoch epoch, int rank, long firstStep) {
        this.epoch = epoch;
        this.rank = rank;
        this.thread = new PeerThread("troupe-keeper-of-rank-" + rank);
        Path offload = epoch.config().mesh().offload().orElse(null);
        this.copies = new CopySlots(epoch.shardOf(rank), () -> ShardSnapshot.allocate(epoch.settings(), rank, offload));
        this.receiving = thread.<Void>run(() -> {
                    receive(firstStep);
                    return null;
                })
                .whenComplete((_, failure) -> {
                    if (failure != null && !(failure instanceof CommunicationException)) {
                        LOG.error("No copies of rank {} are kept any more", rank, failure);
                    }
                });
    }

    CopySlots copies() {
        return copies;
    }

    private void receive(long firstStep) {
        if (ended) {
            return; // the interrupt came before this and is gone
        }
        try (Communicator owner = epoch.joinPatiently("copies-" + rank, 1, epoch.keepingGroup(rank))) {
            group = owner;
            long step = firstStep;
            while (!ended) {
                owner.gather(); // waits for the owner to have the next
                ShardSnapshot slot = copies.overwriteOldest();
                owner.receive(slot.data(), 0);
                slot.received(step);
                copies.filled(step);
                owner.gather(); // tells the owner so
                do {
                    step++;
                } while (!epoch.isCopied(step));
            }
        }
    }

    /** Ends; the copies stay, and are the caller's. */
    CompletableFuture<Void> end() {
        ended = true;
        Communicator owner = group;
        if (owner != null) {
            owner.close();
        }
        thread.interrupt(); // it may be joining
        return receiving.handle((_, _) -> {
            Thread.ofVirtual().start(thread::close);
            return null;
        });
    }
}
