package dev.troupe.actors.serving.split;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Props;
import akka.actor.typed.javadsl.AskPattern;
import akka.actor.typed.receptionist.Receptionist;
import akka.cluster.typed.Cluster;
import dev.troupe.actors.serving.engine.EngineSettings;
import dev.troupe.actors.serving.engine.ModelLayout;
import dev.troupe.actors.serving.split.MemberProtocol.Reported;
import dev.troupe.actors.transport.DataPlane;
import dev.troupe.actors.transport.Endpoint;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.parallel.CommunicationException;
import dev.troupe.model.transformer.ServedWeights;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Seats a replica's members on this node, with the leader, and on nodes of the cluster that are ready for members and
 * have none. For a thread that may wait, which is never an actor's.
 */
final class ClusterSeats implements MemberFinder {
    private static final Logger LOG = LoggerFactory.getLogger(ClusterSeats.class);
    private static final Duration ASK_TIMEOUT = Duration.ofSeconds(3);
    private static final long LOOK_MILLIS = 200;
    private static final long SAY_NANOS = 30_000_000_000L;

    private final ActorSystem<?> system;
    private final DataPlane plane;
    private final String replica = UUID.randomUUID().toString();
    private final Map<String, Integer> refusals = new ConcurrentHashMap<>(); // of members, by node
    private int numEpochs;

    /** The seats of one replica. */
    ClusterSeats(ActorSystem<?> system, DataPlane plane) {
        this.system = system;
        this.plane = plane;
    }

    @Override
    public MemberSeats seat(MemberSetup setup, ModelLayout.Target target) {
        List<Reported> nodes = await(setup.shape());
        List<Endpoint> seats = new ArrayList<>();
        for (int member = 0; member < setup.shape().numMembers(); member++) {
            int node = setup.shape().nodeOf(member);
            seats.add(node == 0 ? plane.endpoint() : nodes.get(node - 1).endpoint());
        }
        EngineSettings engine = target.settings();
        MemberJob job = new MemberJob(
                MemberJob.epoch(replica, ++numEpochs),
                Cluster.get(system).selfMember().address().hostPort(),
                setup.shape(),
                seats,
                target.model().path().toAbsolutePath().toString(),
                setup.config().contextLength(),
                ServedWeights.configName(setup.inference().weights()),
                setup.inference().prefill().configName(),
                setup.inference().decode().configName(),
                ServedWeights.configName(setup.inference().cache()),
                KernelProviders.select(engine.backend(), engine.precision()).name(),
                engine.precision().configName(),
                setup.maxRows(),
                setup.numKvBlocks(),
                setup.patience().toMillis());
        return new Epoch(job, nodes, target);
    }

    /** Waits until there are enough nodes with room; says so in the log now and then. */
    private List<Reported> await(ReplicaShape shape) {
        int wanted = shape.nodes() - 1;
        long said = System.nanoTime() - SAY_NANOS;
        while (true) {
            List<Reported> free = free();
            if (free.size() >= wanted) {
                return free.subList(0, wanted);
            }
            if (System.nanoTime() - said >= SAY_NANOS) {
                said = System.nanoTime();
                LOG.warn(
                        "the replica waits for nodes with the role member and room: there are {} of {}"
                                + " (troupe.serving.replica.nodes = {}). Start more, such as: troupe up --config member",
                        free.size(),
                        wanted,
                        shape.nodes());
            }
            SplitLayout.pause(LOOK_MILLIS);
        }
    }

    private List<Reported> free() {
        Receptionist.Listing listing = ask(AskPattern.ask(
                system.receptionist(),
                replyTo -> Receptionist.find(MemberNode.KEY, replyTo),
                ASK_TIMEOUT,
                system.scheduler()));
        List<CompletionStage<Reported>> reports = new ArrayList<>();
        for (ActorRef<MemberProtocol.Command> node : listing.getServiceInstances(MemberNode.KEY)) {
            reports.add(AskPattern.ask(node, MemberProtocol.Report::new, ASK_TIMEOUT, system.scheduler()));
        }
        List<Reported> free = new ArrayList<>();
        for (CompletionStage<Reported> report : reports) {
            try {
                Reported reported = report.toCompletableFuture().join();
                boolean hasRoom =
                        reported.replica() == null || reported.replica().equals(replica);
                if (hasRoom && !reported.endpoint().equals(plane.endpoint())) {
                    free.add(reported);
                }
            } catch (CompletionException e) {
                LOG.debug("a node with members does not answer", e);
            }
        }
        // Where there are others, one that had not the memory or the weights is not asked again and again.
        Comparator<String> fewestRefusals = Comparator.comparingInt(node -> refusals.getOrDefault(node, 0));
        free.sort(Comparator.comparing(
                reported -> reported.endpoint().nodeId(), fewestRefusals.thenComparing(Comparator.naturalOrder())));
        return free;
    }

    private <T> T ask(CompletionStage<T> answer) {
        try {
            return answer.toCompletableFuture().join();
        } catch (CompletionException e) {
            if (system.whenTerminated().isCompleted()) {
                throw new IllegalStateException("the node stopped while a replica was put together", e);
            }
            throw new CommunicationException("the cluster does not say which nodes there are", e);
        }
    }

    /** Members on other nodes in one epoch. */
    private final class Epoch implements MemberSeats {
        private final MemberJob job;
        private final List<EpochWatch.Order> orders = new ArrayList<>();
        private final ModelLayout.Target target;
        private final AtomicBoolean refused = new AtomicBoolean(); // by one, for whose sake others end
        private @Nullable ActorRef<EpochWatch.Command> watch;

        Epoch(MemberJob job, List<Reported> nodes, ModelLayout.Target target) {
            this.job = job;
            this.target = target;
            for (Reported node : nodes) {
                List<Integer> members = job.shape().membersOf(orders.size() + 1);
                orders.add(new EpochWatch.Order(
                        node.endpoint().nodeId(), node.node(), members, new CompletableFuture<>()));
            }
        }

        @Override
        public GroupOpener groups() {
            return job.groups(plane);
        }

        @Override
        public CompletableFuture<Void> order(SplitSteps steps) {
            watch = system.systemActorOf(
                    EpochWatch.create(job, orders, steps::lose),
                    "replica-" + job.epoch().replace('/', '-'),
                    Props.empty());
            CompletableFuture<?>[] all = orders.stream()
                    .map(order -> order.built()
                            .thenAcceptAsync(
                                    version -> requireSame(order.nodeId(), version), Thread::startVirtualThread)
                            .whenComplete((_, failure) -> {
                                if (failure != null && refused.compareAndSet(false, true)) {
                                    refusals.merge(order.nodeId(), 1, Integer::sum);
                                }
                            }))
                    .toArray(CompletableFuture<?>[]::new);
            return CompletableFuture.allOf(all);
        }

        private void requireSame(String nodeId, String version) {
            String ours = target.version().get();
            if (!version.equals(ours)) {
                throw new CommunicationException(nodeId + " has other weights (version " + version + ", not " + ours
                        + "): give it the same file, and say where in its troupe.node.model");
            }
        }

        @Override
        public void close() {
            if (watch != null) {
                watch.tell(new EpochWatch.Stop());
            }
        }
    }
}
