package dev.troupe.actors.training.mesh;

import dev.troupe.actors.training.mesh.TrainerProtocol.Fresh;
import dev.troupe.actors.training.mesh.TrainerProtocol.FromCheckpoint;
import dev.troupe.actors.training.mesh.TrainerProtocol.FromCopies;
import dev.troupe.actors.training.mesh.TrainerProtocol.HeldCopy;
import dev.troupe.actors.training.mesh.TrainerProtocol.Start;
import dev.troupe.actors.transport.Endpoint;
import dev.troupe.model.mesh.RankState;
import dev.troupe.model.mesh.StepOrder;
import dev.troupe.model.mesh.checkpoint.MeshCheckpointStore;
import dev.troupe.model.mesh.checkpoint.ShardFile;
import dev.troupe.model.mesh.checkpoint.ShardSnapshot;
import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.parallel.PeerThread;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * A node's part in an epoch: its ranks, and copies that it keeps for others. Used by the node's actor; what takes time
 * happens on the ranks' threads.
 */
final class NodeRanks {
    private final Epoch epoch;
    private final List<RankHost> hosts = new ArrayList<>();
    private final List<CopyKeeper> keepers = new ArrayList<>();
    private final List<PeerThread> givers = new ArrayList<>();
    private final List<CompletableFuture<Long>> given = new ArrayList<>();

    NodeRanks(Epoch epoch) {
        this.epoch = epoch;
    }

    Epoch epoch() {
        return epoch;
    }

    /**
     * Begins to build.
     *
     * @param earlier copies of epochs before, which stay until the ranks are built
     * @param optimizers starts a rank's
     * @return the steps that the ranks have taken
     */
    CompletableFuture<Long> build(Start start, List<CopySlots> earlier, IntFunction<RankOptimizer> optimizers) {
        List<CompletableFuture<Long>> built = new ArrayList<>();
        String here = epoch.here().nodeId();
        long firstStep = start.step();
        if (start instanceof FromCopies copies) {
            give(copies, earlier);
        }
        for (int rank : epoch.seating().ranksOf(here)) {
            RankHost host = new RankHost(epoch, rank, optimizers.apply(rank));
            hosts.add(host);
            built.add(host.build(restore(rank, start, earlier), start instanceof FromCopies));
        }
        for (int rank = 0; rank < epoch.settings().mesh().ranks(); rank++) {
            if (epoch.isKept(rank) && epoch.seating().keeperOf(rank).equals(epoch.here())) {
                keepers.add(new CopyKeeper(epoch, rank, firstStep));
            }
        }
        built.addAll(given);
        return all(built).thenApply(steps -> steps.isEmpty() ? firstStep : steps.getFirst());
    }

    /** Sends copies to the ranks of other nodes that begin with them. */
    private void give(FromCopies copies, List<CopySlots> earlier) {
        for (int rank = 0; rank < copies.holders().size(); rank++) {
            Endpoint holder = copies.holders().get(rank);
            Endpoint seat = epoch.seating().of(rank);
            if (holder.equals(epoch.here()) && !seat.equals(holder)) {
                ShardSnapshot copy = find(rank, copies.step(), earlier);
                PeerThread giver = new PeerThread("troupe-giver-of-rank-" + rank);
                String group = restoreGroup(rank);
                givers.add(giver);
                given.add(giver.run(() -> {
                    try (Communicator pair = epoch.join(group, 0, List.of(holder, seat))) {
                        pair.send(copy.data(), 1);
                    }
                    return copies.step();
                }));
            }
        }
    }

    private RankHost.@Nullable Restore restore(int rank, Start start, List<CopySlots> earlier) {
        return switch (start) {
            case Fresh _ -> null;
            case FromCopies copies -> restoreCopy(rank, copies, earlier);
            case FromCheckpoint checkpoint -> state -> MeshCheckpointStore.restore(Path.of(checkpoint.path()), state);
        };
    }

    private RankHost.Restore restoreCopy(int rank, FromCopies copies, List<CopySlots> earlier) {
        Endpoint holder = copies.holders().get(rank);
        if (holder.equals(epoch.here())) {
            ShardSnapshot copy = find(rank, copies.step(), earlier);
            return copy::restoreTo;
        }
        return state -> receive(rank, holder, copies.step(), state);
    }

    private void receive(int rank, Endpoint holder, long step, RankState state) {
        try (ShardSnapshot copy = ShardSnapshot.allocate(state);
                Communicator pair = epoch.join(restoreGroup(rank), 1, List.of(holder, epoch.here()))) {
            pair.receive(copy.data(), 0);
            copy.received(step);
            copy.restoreTo(state);
        }
    }

    private static String restoreGroup(int rank) {
        return "restore-" + rank;
    }

    private ShardSnapshot find(int rank, long step, List<CopySlots> earlier) {
        int shard = epoch.shardOf(rank);
        return earlier.stream()
                .flatMap(slots -> slots.at(shard, step).stream())
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        "there is no copy of rank " + rank + " after step " + step + " on " + epoch.here()));
    }

    /** What the node has, once it is built. */
    CompletableFuture<NodeResources> resources() {
        return all(hosts.stream().map(RankHost::resources).toList()).thenApply(this::sum);
    }

    private NodeResources sum(List<NodeResources> ofRanks) {
        long kept =
                keepers.stream().mapToLong(keeper -> keeper.copies().bytes()).sum();
        NodeResources.Memory memory = new NodeResources.Memory(0, 0, 0, 0, 0, kept);
        if (ofRanks.isEmpty()) { // a node that only gives copies
            return new NodeResources(epoch.here().nodeId(), List.of(), 0, 0, memory);
        }
        List<Integer> ranks = new ArrayList<>();
        int threads = 0;
        double peak = 0;
        boolean measured = true;
        for (NodeResources rank : ofRanks) {
            memory = memory.plus(rank.memory());
            ranks.addAll(rank.ranks());
            threads += rank.threads();
            peak += rank.peakGflops();
            measured &= rank.peakGflops() > 0;
        }
        // More threads than cores compute no more than the cores do.
        int onMachine =
                threads / ofRanks.size() * epoch.seating().ranksOn(epoch.here().host());
        double share = Math.min(1.0, Runtime.getRuntime().availableProcessors() / (double) onMachine);
        return new NodeResources(epoch.here().nodeId(), ranks, threads, measured ? peak * share : 0, memory);
    }

    /** Has the ranks take a step. */
    CompletableFuture<List<RankHost.Taken>> step(long step, StepOrder order) {
        return all(hosts.stream().map(host -> host.step(step, order)).toList());
    }

    /** Has the ranks evaluate. */
    CompletableFuture<List<RankHost.Evaluation>> evaluate(long step, int wanted) {
        return all(hosts.stream().map(host -> host.evaluate(step, wanted)).toList());
    }

    /**
     * The node's part of a checkpoint under way.
     *
     * @param copied when states may change again
     * @param written files on the disk
     */
    record Saving(CompletableFuture<Void> copied, CompletableFuture<List<ShardFile>> written) {}

    /** Has the ranks copy their states and write them to their files. */
    Saving save(long step, Path directory, Executor blocking) {
        List<CompletableFuture<?>> copied = new ArrayList<>();
        List<CompletableFuture<Optional<ShardFile>>> written = new ArrayList<>();
        for (RankHost host : hosts) {
            RankHost.Saving saving = host.save(step, directory, blocking);
            copied.add(saving.copied());
            written.add(saving.written());
        }
        return new Saving(
                CompletableFuture.allOf(copied.toArray(CompletableFuture[]::new)),
                all(written)
                        .thenApply(files ->
                                files.stream().flatMap(Optional::stream).toList()));
    }

    /** All copies here. */
    List<CopySlots> copies() {
        List<CopySlots> all = new ArrayList<>();
        for (RankHost host : hosts) {
            @Nullable CopySlots copies = host.copies();
            if (copies != null) {
                all.add(copies);
            }
        }
        keepers.forEach(keeper -> all.add(keeper.copies()));
        return all;
    }

    List<HeldCopy> held() {
        return copies().stream().flatMap(slots -> slots.held().stream()).toList();
    }

    /** Ends everything but the copies; done when its memory is free. */
    CompletableFuture<Void> end() {
        List<CompletableFuture<Void>> ends = new ArrayList<>();
        hosts.forEach(host -> ends.add(host.end()));
        keepers.forEach(keeper -> ends.add(keeper.end()));
        givers.forEach(PeerThread::interrupt);
        givers.forEach(giver -> ends.add(giver.<Void>run(() -> null)
                .whenComplete((_, _) -> Thread.ofVirtual().start(giver::close))));
        return CompletableFuture.allOf(ends.toArray(CompletableFuture[]::new));
    }

    private static <T> CompletableFuture<List<T>> all(List<CompletableFuture<T>> parts) {
        return CompletableFuture.allOf(parts.toArray(CompletableFuture[]::new))
                .thenApply(_ -> parts.stream().map(CompletableFuture::join).toList());
    }
}
