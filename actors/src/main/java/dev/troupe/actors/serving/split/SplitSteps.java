package dev.troupe.actors.serving.split;

import dev.troupe.actors.serving.engine.BatchRows;
import dev.troupe.actors.serving.engine.StepExecutor;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.parallel.CommunicationException;
import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.parallel.PeerThread;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.InferenceModel;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Steps of a replica in parts, as its leader has them computed. When a member is lost, so is the whole: a step under
 * way throws, and {@link #lost} says why.
 */
final class SplitSteps implements StepExecutor {
    private static final Logger LOG = LoggerFactory.getLogger(SplitSteps.class);

    private final MemberSetup setup;
    private final MemberHost leader;
    private final List<MemberHost> others; // of this process
    private final MemberSeats seats; // of members elsewhere
    private final PeerThread watcher = new PeerThread("troupe-member-watch");
    private final CompletableFuture<String> lost = new CompletableFuture<>();
    private volatile boolean begun;
    private volatile boolean closing;

    /**
     * Takes members over.
     *
     * @param others of this process
     * @param seats of members elsewhere, which are closed with this
     */
    SplitSteps(MemberSetup setup, MemberHost leader, List<MemberHost> others, MemberSeats seats) {
        this.setup = setup;
        this.leader = leader;
        this.others = List.copyOf(others);
        this.seats = seats;
    }

    /** Begins to watch for processes that end; {@code watch} is a group of its own. */
    void watch(Communicator watch) {
        var _ = watcher.start(() -> {
            try (TensorArena arena = TensorArena.open("serving.plans")) {
                Tensor nothing = arena.allocate(1);
                watch.receive(nothing, 1);
            } catch (CommunicationException e) {
                lose(String.valueOf(e.getMessage()));
            }
        });
    }

    /**
     * All members are built.
     *
     * @param pool of the leader's kernels, which is closed with this
     */
    void begin(ComputePool pool) {
        begun = true;
        var _ = freed().thenRun(pool::close);
        for (MemberHost other : others) {
            var _ = other.serve().whenComplete((_, failure) -> {
                if (failure != null) {
                    lose("a member of this process failed: " + failure.getMessage());
                }
            });
        }
    }

    /** A member is of no use any more: nor are the others, then. Any thread; no effect while closing. */
    void lose(String reason) {
        if (!closing && lost.complete(reason)) {
            if (begun) {
                LOG.warn(
                        "a replica in {} parts has lost a member: {}",
                        setup.shape().numMembers(),
                        reason);
            }
            abort();
        }
    }

    private void abort() {
        leader.abort();
        others.forEach(MemberHost::abort);
    }

    @Override
    public int numKvBlocks() {
        return setup.numKvBlocks();
    }

    @Override
    public InferenceModel.Output forward(BatchRows rows) {
        try {
            return leader.lead(rows);
        } catch (RuntimeException | Error e) {
            lose("a step failed: " + e.getMessage()); // nobody can say which members took it
            throw e;
        }
    }

    @Override
    public Executor executor(Executor compute) {
        return leader.thread();
    }

    @Override
    public CompletableFuture<String> lost() {
        return lost;
    }

    /** When all memory of this process is free, after {@link #close}. */
    CompletableFuture<Void> freed() {
        CompletableFuture<?>[] all = others.stream().map(MemberHost::freed).toArray(CompletableFuture<?>[]::new);
        return CompletableFuture.allOf(all).thenCombine(leader.freed(), (_, _) -> null);
    }

    @Override
    public void close() {
        closing = true;
        if (!lost.isDone()) {
            leader.dismiss();
        }
        leader.close();
        others.forEach(MemberHost::close);
        watcher.interrupt();
        Thread.ofVirtual().start(watcher::close);
        seats.close();
    }
}
