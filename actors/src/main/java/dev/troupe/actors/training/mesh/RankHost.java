package dev.troupe.actors.training.mesh;

import dev.troupe.actors.compute.MeasuredPeak;
import dev.troupe.actors.compute.NodeKernels;
import dev.troupe.actors.training.data.ReadAhead;
import dev.troupe.actors.training.eval.HeldOutWindows;
import dev.troupe.actors.transport.Endpoint;
import dev.troupe.model.TroupeException;
import dev.troupe.model.data.BatchOrder;
import dev.troupe.model.data.TokenBatches;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.check.KernelUse;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.ComputeThreads;
import dev.troupe.model.mesh.EvaluationOutcome;
import dev.troupe.model.mesh.MeshSettings;
import dev.troupe.model.mesh.MicroBatchSource;
import dev.troupe.model.mesh.RankGroups;
import dev.troupe.model.mesh.RankProgram;
import dev.troupe.model.mesh.RankState;
import dev.troupe.model.mesh.StepOrder;
import dev.troupe.model.mesh.StepOutcome;
import dev.troupe.model.mesh.checkpoint.ShardFile;
import dev.troupe.model.mesh.checkpoint.ShardSnapshot;
import dev.troupe.model.mesh.checkpoint.ShardWriter;
import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.parallel.OpenGroups;
import dev.troupe.model.parallel.PeerThread;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * One rank on this node: its state, its program and the copies of its state. Everything but {@link #end} happens on the
 * rank's thread.
 */
final class RankHost {
    private final Epoch epoch;
    private final int rank;
    private final PeerThread thread;
    private final RankOptimizer optimizer;
    private final Deque<AutoCloseable> resources = new ArrayDeque<>(); // closed in reverse, on the thread
    private final OpenGroups open;
    private @Nullable RankState state;
    private @Nullable RankProgram program;
    private @Nullable CopySlots copies; // guarded by this
    private boolean ended; // guarded by this
    private @Nullable Communicator keeping;
    private @Nullable ComputePool pool;
    private double peakGflops; // 0 when it was not measured
    private @Nullable HeldOutWindows heldOut;
    private @Nullable ShardSnapshot staging; // of checkpoints
    private CompletableFuture<?> writing = CompletableFuture.completedFuture(null); // of the latest

    /** A rank whose {@code optimizer} ends with it. */
    RankHost(Epoch epoch, int rank, RankOptimizer optimizer) {
        this.epoch = epoch;
        this.rank = rank;
        this.optimizer = optimizer;
        this.thread = new PeerThread("troupe-rank-" + rank);
        this.open = new OpenGroups("rank " + rank);
    }

    int rank() {
        return rank;
    }

    /** The copies of the rank's state; null before it is built. After {@link #end} there are no others. */
    synchronized @Nullable CopySlots copies() {
        return copies;
    }

    /** Whoever has ended the rank knows of no copies that are made later. */
    private synchronized void made(CopySlots slots) {
        if (ended) {
            slots.close();
            throw new IllegalStateException("rank " + rank + " has ended while it was built");
        }
        copies = slots;
    }

    /**
     * Allocates, joins the rank's groups, and begins with {@code restored}, or as the seed says.
     *
     * @param restored brings the state, to a rank of this layout; null for none
     * @param inHaste whether others wait for this rank: then its peak is not measured
     * @return the steps taken before
     */
    CompletableFuture<Long> build(@Nullable Restore restored, boolean inHaste) {
        return thread.run(() -> {
            MeshSettings settings = epoch.settings();
            Path offload = epoch.config().mesh().offload().orElse(null);
            RankState own = own(
                    restored == null
                            ? new RankState(settings, rank, offload)
                            : RankState.unfilled(settings, rank, offload));
            state = own;
            if (restored != null) {
                restored.into(own);
            }
            made(new CopySlots(epoch.shardOf(rank), () -> ShardSnapshot.allocate(own, offload)));
            RankGroups groups = RankGroups.open(
                    settings.mesh(),
                    rank,
                    settings.model().tiedEmbeddings(),
                    (name, members) -> open.enter(() -> epoch.join(
                            name,
                            members.indexOf(rank),
                            members.stream().map(epoch.seating()::of).toList())));
            ComputePool threads = own(epoch.config().train().threads().open(threads()));
            pool = threads;
            peakGflops = inHaste ? MeasuredPeak.knownGflops(threads) : MeasuredPeak.gflops(threads);
            Kernels kernels = NodeKernels.create(
                    epoch.config().train().backend(),
                    epoch.config().train().precision(),
                    threads,
                    KernelUse.training());
            TokenBatches batches = new TokenBatches(
                    epoch.open(epoch.job().train()),
                    BatchOrder.named(epoch.config().data().order()),
                    settings.seed());
            heldOut = new HeldOutWindows(epoch.open(epoch.job().heldOut()), settings.time());
            RankProgram built =
                    own(new RankProgram(settings, rank, own, groups, kernels, source(batches), optimizer::own));
            program = built;
            if (restored != null) {
                built.spreadWeights();
            }
            if (epoch.isKept(rank)) {
                keeping = open.enter(() -> epoch.joinPatiently("copies-" + rank, 0, epoch.keepingGroup(rank)));
            }
            copy();
            return own.step();
        });
    }

    /** Reads ahead what comes from another node. */
    private MicroBatchSource source(TokenBatches batches) {
        int batch = epoch.settings().batch();
        int time = epoch.settings().time();
        MicroBatchSource source = (number, inputs, targets) -> batches.fill(number, batch, time, inputs, targets);
        return batches.corpus().isFar()
                ? own(new ReadAhead(source, batch * time, "troupe-tokens-of-rank-" + rank))
                : source;
    }

    /** Brings a rank's state from somewhere. */
    @FunctionalInterface
    interface Restore {
        void into(RankState state);
    }

    /** What the configuration gives a node is shared by its ranks; the cores of a machine by all ranks on it. */
    private int threads() {
        Endpoint here = epoch.here();
        ComputeThreads threads = epoch.config().train().threads();
        Seating seating = epoch.seating();
        int sharers = threads.wanted() > 0 ? seating.ranksOf(here.nodeId()).size() : seating.ranksOn(here.host());
        return Math.max(1, threads.count() / sharers);
    }

    /**
     * A step that was taken.
     *
     * @param seconds of this rank
     */
    record Taken(StepOutcome outcome, RankSeconds seconds) {}

    /** What the rank has, once it is built. */
    CompletableFuture<NodeResources> resources() {
        return thread.run(() -> {
            RankState.MemoryBytes state = required(this.state).bytes();
            return new NodeResources(
                    epoch.here().nodeId(),
                    List.of(rank),
                    required(pool).threads(),
                    peakGflops,
                    new NodeResources.Memory(
                            state.weights(),
                            state.gradients(),
                            state.moments(),
                            state.windows(),
                            required(program).activationBytes(),
                            required(copies()).bytes()));
        });
    }

    /**
     * Takes a step with all other ranks. While the answer and the next order are on their way, gradients of the step
     * that is likely to be ordered are computed; the state stays what it is.
     */
    CompletableFuture<Taken> step(long step, StepOrder order) {
        CompletableFuture<Taken> taken = thread.run(() -> {
            RankState own = stateAt(step);
            StepOutcome outcome = required(program).step(order);
            long stepped = System.nanoTime();
            if (outcome.updated() && epoch.isCopied(own.step())) {
                copy();
            }
            StepOutcome.Times times = outcome.times();
            double copying = (System.nanoTime() - stepped) * 1e-9;
            return new Taken(
                    outcome,
                    new RankSeconds(1, times.total(), times.waiting(), times.bubble(), times.update(), copying));
        });
        var _ = thread.start(
                () -> { // what fails here fails the next step
                    if (!taken.isCompletedExceptionally()
                            && taken.join().outcome().updated()
                            && !isLast(step)) {
                        required(program).prepare(order.next());
                    }
                });
        return taken;
    }

    /** Whether the run ends with this step; not known where time says how long it is. */
    private boolean isLast(long step) {
        return step + 1 == epoch.config().train().steps();
    }

    private RankState stateAt(long step) {
        RankState own = required(state);
        if (own.step() != step) {
            throw new IllegalStateException("rank " + rank + " is at step " + own.step() + ", not " + step);
        }
        return own;
    }

    /**
     * An evaluation with all other ranks.
     *
     * @param windows how many there were
     */
    record Evaluation(int windows, EvaluationOutcome outcome) {}

    /** Evaluates with all other ranks, {@code wanted} windows or as many as there are. */
    CompletableFuture<Evaluation> evaluate(long step, int wanted) {
        return thread.run(() -> {
            stateAt(step);
            HeldOutWindows windows = required(heldOut);
            int count = windows.count(wanted);
            return new Evaluation(
                    count,
                    required(program)
                            .evaluate(
                                    count,
                                    (window, row, inputs, targets) ->
                                            windows.read(window, count, row, inputs, targets)));
        });
    }

    /**
     * A rank's part of a checkpoint under way.
     *
     * @param copied when the state may change again
     * @param written its file, on the disk; none where other ranks write all that this one has
     */
    record Saving(CompletableFuture<?> copied, CompletableFuture<Optional<ShardFile>> written) {}

    /** Copies the state, and writes it to its file in {@code directory} while the rank goes on. */
    Saving save(long step, Path directory, Executor blocking) {
        if (!writing.isDone()) {
            CompletableFuture<Optional<ShardFile>> refused = CompletableFuture.failedFuture(
                    new TroupeException("rank " + rank + " is still writing the checkpoint before"));
            return new Saving(refused, refused);
        }
        CompletableFuture<Optional<ShardSnapshot>> copied = thread.run(() -> {
            RankState own = stateAt(step);
            if (!ShardWriter.writes(own.rankLayout())) {
                return Optional.empty();
            }
            ShardSnapshot snapshot = staging;
            if (snapshot == null) {
                snapshot = ShardSnapshot.allocate(
                        own, epoch.config().mesh().offload().orElse(null));
                staging = snapshot;
            }
            snapshot.take(own, required(pool));
            return Optional.of(snapshot);
        });
        CompletableFuture<Optional<ShardFile>> written = copied.thenApplyAsync(
                snapshot -> snapshot.flatMap(taken -> new ShardWriter().write(directory, taken)), blocking);
        writing = written;
        return new Saving(copied, written);
    }

    /**
     * Copies the state and sends it to its keeper. The step is over only when the keeper has it: then every rank's
     * state of this step is on two nodes, and the copies of the step before may be overwritten.
     */
    private void copy() {
        RankState own = required(state);
        CopySlots slots = required(copies());
        ShardSnapshot slot = slots.overwriteOldest();
        slot.take(own);
        slots.filled(own.step());
        if (keeping != null) {
            keeping.gather(); // the keeper gives up its older copy only now
            keeping.send(slot.data(), 1);
            keeping.gather(); // the keeper has all of it
        }
    }

    /**
     * Ends the rank: calls that wait for peers fail at once. Its copies stay, and are the caller's.
     *
     * @return when memory and threads are free
     */
    CompletableFuture<Void> end() {
        synchronized (this) {
            ended = true;
        }
        open.leave();
        thread.interrupt(); // it may be joining a group
        CompletableFuture<Void> freed = thread.run(() -> {
            optimizer.close();
            while (!resources.isEmpty()) {
                resources.pop().close();
            }
            ShardSnapshot copy = staging;
            if (copy != null) {
                var _ = writing.whenComplete((_, _) -> copy.close()); // the disk may take its time
            }
            return null;
        });
        return freed.whenComplete((_, _) -> Thread.ofVirtual().start(thread::close));
    }

    private <T extends AutoCloseable> T own(T resource) {
        resources.push(resource);
        return resource;
    }

    private static <T> T required(@Nullable T part) {
        if (part == null) {
            throw new IllegalStateException("the rank is not built");
        }
        return part;
    }
}
