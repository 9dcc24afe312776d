package dev.troupe.actors.serving.split;

import akka.actor.typed.ActorSystem;
import dev.troupe.actors.compute.NodeKernels;
import dev.troupe.actors.serving.engine.EngineSettings;
import dev.troupe.actors.serving.engine.ModelLayout;
import dev.troupe.actors.serving.engine.StepExecutor;
import dev.troupe.actors.transport.DataPlane;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.format.OpenModel;
import dev.troupe.model.kernel.check.KernelUse;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.parallel.CommunicationException;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.transformer.ModelPart;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lays a model out in parts, of which this process has the leader's and maybe others (docs/adr/0014-split-replicas.md).
 * Used by one loader; its next call waits until the memory of the one before is free.
 */
public final class SplitLayout implements ModelLayout {
    private static final Logger LOG = LoggerFactory.getLogger(SplitLayout.class);
    private static final long FIRST_PAUSE_MILLIS = 500;
    private static final long LONGEST_PAUSE_MILLIS = 10_000;

    private final SplitSettings settings;
    private final MemberFinder finder;
    private CompletableFuture<Void> freed = CompletableFuture.completedFuture(null);

    SplitLayout(SplitSettings settings, MemberFinder finder) {
        this.settings = settings;
        this.finder = finder;
    }

    /** All members in this process. */
    public static SplitLayout here(SplitSettings settings) {
        if (settings.shape().nodes() > 1) {
            throw new IllegalArgumentException(settings.shape() + " wants other nodes");
        }
        return new SplitLayout(settings, (setup, target) -> MemberSeats.none());
    }

    /**
     * Members in this process and on nodes of the cluster ({@link MemberNode}), as many as the shape says.
     *
     * @param plane of this node; stays open
     */
    public static SplitLayout over(ActorSystem<?> system, DataPlane plane, SplitSettings settings) {
        return new SplitLayout(settings, new ClusterSeats(system, plane));
    }

    @Override
    public long blockBytes(ModelConfig config, StorageType type) {
        return mostOfANode(config, parts -> MemberSetup.blockBytes(parts, type));
    }

    @Override
    public long rowBytes(ModelConfig config, EngineSettings engine) {
        return mostOfANode(config, parts -> MemberSetup.rowBytes(parts, engine.maxBatchTokens(), engine.maxRunning()));
    }

    @Override
    public long weightBytes(OpenModel model, EngineSettings engine) {
        return mostOfANode(model.config(), parts -> engine.weightBytes(model, parts));
    }

    private long mostOfANode(ModelConfig config, ToLongFunction<List<ModelPart>> bytes) {
        ReplicaShape shape = settings.shape();
        return IntStream.range(0, shape.nodes())
                .mapToLong(node -> bytes.applyAsLong(shape.parts(config, shape.membersOf(node))))
                .max()
                .orElseThrow();
    }

    @Override
    public int threads(int threadsOfNode) {
        return Math.max(1, threadsOfNode / settings.shape().membersOf(0).size());
    }

    @Override
    public synchronized StepExecutor lay(Target target) {
        freed.join();
        EngineSettings engine = target.settings();
        MemberSetup setup = new MemberSetup(
                settings.shape(),
                target.config(),
                engine.inference(),
                engine.maxBatchTokens(),
                target.numKvBlocks(),
                settings.peerTimeout());
        long pause = FIRST_PAUSE_MILLIS;
        while (true) {
            try {
                return attempt(setup, target, finder.seat(setup, target));
            } catch (CommunicationException e) { // of another process, which may be well the next time
                LOG.warn("a replica could not be put together: {}; trying again in {} ms", e.getMessage(), pause);
            }
            freed.join();
            pause(pause);
            pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS);
        }
    }

    private StepExecutor attempt(MemberSetup setup, Target target, MemberSeats seats) {
        List<MemberHost> hosts = setup.shape().membersOf(0).stream()
                .map(member -> new MemberHost(setup, member))
                .toList();
        MemberHost leader = hosts.getFirst();
        List<MemberHost> others = hosts.subList(1, hosts.size());
        SplitSteps steps = new SplitSteps(setup, leader, others, seats);
        freed = steps.freed();
        try {
            CompletableFuture<Void> ordered = seats.order(steps);
            CompletableFuture<MemberGroups> joined = leader.join(seats.groups());
            List<CompletableFuture<?>> parts = new ArrayList<>(List.of(ordered));
            for (MemberHost other : others) {
                parts.add(other.join(seats.groups()));
            }
            steps.watch(await(steps, joined).watch());
            for (MemberHost other : others) {
                parts.add(other.build(() -> compute(target), target.model().weights()));
            }
            parts.add(leader.build(
                    () -> new MemberHost.Compute(target.kernels(), target.pool(), () -> {}),
                    target.model().weights()));
            await(steps, CompletableFuture.allOf(parts.toArray(CompletableFuture<?>[]::new)));
            steps.begin(target.pool());
            return steps;
        } catch (RuntimeException | Error e) {
            steps.lose("a member could not be built: " + e.getMessage());
            steps.close();
            throw e;
        }
    }

    private MemberHost.Compute compute(Target target) {
        EngineSettings engine = target.settings();
        OpenModel model = target.model();
        Set<KernelUse> uses = engine.uses(model);
        ComputePool pool = engine.threads().open(target.pool().threads());
        return new MemberHost.Compute(
                NodeKernels.create(engine.backend(), engine.precision(), pool, uses), pool, pool::close);
    }

    /** The result, or what ends the attempt. */
    private static <T> T await(SplitSteps steps, CompletableFuture<T> result) {
        CompletableFuture<T> lost = steps.lost().thenApply(reason -> {
            throw new CommunicationException(reason);
        });
        try {
            lost.applyToEither(result, value -> value).join();
            return result.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof TroupeException cause) {
                throw cause;
            }
            throw new IllegalStateException("a part of the model could not be built", e.getCause());
        }
    }

    static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a replica was put together", e);
        }
    }
}
