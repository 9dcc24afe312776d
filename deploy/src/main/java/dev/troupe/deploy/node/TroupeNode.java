package dev.troupe.deploy.node;

import akka.actor.Address;
import akka.actor.AddressFromURIString;
import akka.actor.CoordinatedShutdown;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.AskPattern;
import akka.cluster.MemberStatus;
import akka.cluster.typed.Cluster;
import akka.pattern.StatusReply;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.registry.ModelVersion;
import dev.troupe.actors.registry.RegistryStorage;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.ReplicaProtocol;
import dev.troupe.actors.serving.engine.DirectoryLoader;
import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.actors.serving.engine.EngineLoader;
import dev.troupe.actors.serving.engine.EngineSettings;
import dev.troupe.actors.serving.engine.ModelLayout;
import dev.troupe.actors.serving.replica.ReplicaSettings;
import dev.troupe.actors.serving.split.MemberProtocol;
import dev.troupe.actors.serving.split.SplitLayout;
import dev.troupe.actors.serving.split.SplitSettings;
import dev.troupe.actors.training.TrainingCoordinator;
import dev.troupe.actors.training.TrainingEvent;
import dev.troupe.actors.training.TrainingSetup;
import dev.troupe.actors.training.cluster.RunWatcher;
import dev.troupe.actors.training.mesh.MeshEvent;
import dev.troupe.actors.training.mesh.MeshJob;
import dev.troupe.actors.training.mesh.MeshRunner;
import dev.troupe.actors.training.mesh.MeshWork;
import dev.troupe.actors.training.run.RunSpec;
import dev.troupe.actors.training.step.StepRunner;
import dev.troupe.actors.transport.DataPlane;
import dev.troupe.actors.transport.Endpoint;
import dev.troupe.model.TroupeException;
import dev.troupe.model.mesh.StepOrder;
import dev.troupe.routing.Bindings;
import dev.troupe.routing.RoutingConfig;
import dev.troupe.routing.RoutingServer;
import dev.troupe.routing.route.Router;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One process of a cluster: an actor system with the actors that its roles ask for. Calls block the calling thread,
 * which is a command's main thread, never an actor's.
 */
public final class TroupeNode implements AutoCloseable {
    /** What a command says of its node that the cluster has removed and that begins again ({@link #again}). */
    public static final String AGAIN = "the cluster has removed this node, which begins again";

    private static final Duration ASK_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration LOAD_TIMEOUT = Duration.ofMinutes(30);
    private static final long POLL_NANOS = 20_000_000L;

    private static final Duration SHUTDOWN_TIMEOUT = Duration.ofMinutes(3);

    private final Config overrides;
    private final Config config;
    private final NodeConfig nodeConfig;
    private final NodeMemory memory;
    private final ActorSystem<NodeGuardian.Command> system;
    private final NodeWork work;
    private final CompletableFuture<ModelDescription> stopped = new CompletableFuture<>();
    private @Nullable DataPlane plane;
    private volatile boolean closing;

    private TroupeNode(
            Config overrides,
            Config config,
            NodeConfig nodeConfig,
            NodeMemory memory,
            ActorSystem<NodeGuardian.Command> system) {
        this.overrides = overrides;
        this.config = config;
        this.nodeConfig = nodeConfig;
        this.memory = memory;
        this.system = system;
        this.work = new NodeWork(this);
    }

    /** A training run in progress. */
    @FunctionalInterface
    public interface RunningTraining {
        /** Asks the run to write a checkpoint and end. */
        void stop();
    }

    /**
     * Starts a node that is a member of a cluster: of the seed nodes that its config names, or of its own. Kernels that
     * it would serve any model with are compared with the scalar reference before it joins, what the model's weights
     * need when it is loaded, and the others by {@link #checkOtherKernels}.
     *
     * @param overrides what goes on top of the modules' defaults
     * @throws TroupeException when the configuration is wrong, the registry is in use by another process, or the
     *     results of a kernel are wrong on this machine
     */
    public static TroupeNode start(Config overrides) {
        return startIn(overrides, List.of());
    }

    /**
     * The same; a node whose config names no seed nodes becomes a member of the cluster that one of {@code others} is
     * in, and of its own when none of them answers.
     *
     * @param others addresses of nodes
     */
    public static TroupeNode startIn(Config overrides, List<String> others) {
        TroupeNode node = start(overrides, ConfigFactory.empty(), "cluster", new NodeMemory());
        if (node.config.getStringList("akka.cluster.seed-nodes").isEmpty()) {
            List<Address> addresses =
                    others.stream().map(AddressFromURIString::parse).toList();
            Joining.oneOf(Cluster.get(node.system), addresses);
            node.system.tell(new NodeGuardian.Announce(addresses));
        }
        return node;
    }

    /**
     * Starts a node in the place of this one, which its cluster has removed: at the same address, with the same
     * configuration, and with what this one knew of the cluster's run. It becomes a member of the cluster that the
     * others are, when it reaches them; or, where that has ended all of them, of the one that a majority of them makes
     * up ({@link dev.troupe.actors.membership.Membership}). What it did is for the caller to start.
     *
     * @throws TroupeException when it cannot be started
     */
    public TroupeNode again() {
        Address self = Cluster.get(system).selfMember().address();
        if (!memory.canReturn(config, self)) {
            throw new NodeRemovedException();
        }
        Config same = nodeConfig.at(self);
        close();
        return start(overrides, same, "cluster", memory);
    }

    /** Starts a node without a cluster, for commands that only train. */
    public static TroupeNode startAlone(Config overrides) {
        return start(overrides, ConfigFactory.empty(), "local", new NodeMemory());
    }

    /** @param last goes on top of everything, properties of the process included */
    private static TroupeNode start(Config overrides, Config last, String actorProvider, NodeMemory memory) {
        Config loaded =
                last.withFallback(ConfigFactory.load(ConfigFactory.parseString("akka.actor.provider = " + actorProvider)
                        .withFallback(overrides)
                        .withFallback(ConfigFactory.parseResourcesAnySyntax("application"))));
        NodeConfig nodeConfig = NodeConfig.from(loaded);
        boolean clustered = actorProvider.equals("cluster");
        OldGarbage.collectInTime();
        Config config = ConfigFactory.parseMap(Map.of(
                        "akka.cluster.roles",
                        nodeConfig.roles().stream().map(Role::configName).toList()))
                .withFallback(loaded);
        NodeKernelChecks.first(nodeConfig, config, clustered);
        if (clustered && nodeConfig.has(Role.REGISTRY)) {
            config = RegistryStorage.h2(
                            nodeConfig.directory().resolve("registry").resolve("registry"))
                    .withFallback(config);
            RegistryStorage.prepare(config);
        }
        ActorSystem<NodeGuardian.Command> system =
                ActorSystem.create(NodeGuardian.create(clustered, memory), nodeConfig.name(), config);
        TroupeNode node = new TroupeNode(overrides, config, nodeConfig, memory, system);
        var _ = node.removed().exceptionally(removed -> {
            node.stopped.completeExceptionally(removed); // nobody loads anything for it any more
            return null;
        });
        return node;
    }

    /** The configuration that the node runs with. */
    public Config config() {
        return config;
    }

    /** The node's part in its cluster. */
    public NodeConfig nodeConfig() {
        return nodeConfig;
    }

    /** The address that other nodes name as a seed. */
    public String address() {
        return Cluster.get(system).selfMember().address().toString();
    }

    /** The node's actor system, for clients that need one. */
    public ActorSystem<?> system() {
        return system;
    }

    /** Starts a run; {@code listener} is called on an actor's thread and must not block. */
    public RunningTraining train(TrainingSetup setup, Consumer<TrainingEvent> listener) {
        ActorRef<TrainingCoordinator.Command> coordinator =
                ask((ActorRef<ActorRef<TrainingCoordinator.Command>> replyTo) ->
                        new NodeGuardian.Train(setup, listener, replyTo));
        return () -> coordinator.tell(new TrainingCoordinator.Stop());
    }

    /**
     * Has the cluster's trainer nodes train a run, which goes on without this node when it must.
     *
     * @param listener as above; it hears of the run from whoever leads it
     */
    public RunningTraining trainOnCluster(RunSpec run, Consumer<TrainingEvent> listener) {
        ActorRef<RunWatcher.Command> watcher = ask((ActorRef<ActorRef<RunWatcher.Command>> replyTo) ->
                new NodeGuardian.TrainOnCluster(run, listener, replyTo));
        return () -> watcher.tell(new RunWatcher.Stop());
    }

    /** Whether the node has ended: because it was closed, or because its cluster has removed it. */
    private boolean hasEnded() {
        return system.classicSystem().whenTerminated().isCompleted();
    }

    /**
     * Whether a process whose node was removed is to end, as its configuration says, and not to begin {@link #again}.
     */
    public boolean endsWhenRemoved() {
        return config.getBoolean("akka.coordinated-shutdown.exit-jvm")
                || !memory.canReturn(config, Cluster.get(system).selfMember().address());
    }

    /**
     * Does nothing, while the node is there.
     *
     * @throws NodeRemovedException when its cluster has removed it
     * @throws TroupeException when it has ended for another reason
     */
    public void requireNotRemoved() {
        if (closing || !hasEnded()) {
            return;
        }
        var reason = CoordinatedShutdown.get(system.classicSystem()).getShutdownReason();
        if (reason.isPresent() && !reason.get().equals(CoordinatedShutdown.clusterDowningReason())) {
            throw new TroupeException("the node has ended (" + reason.get() + "): its log says why");
        }
        throw new NodeRemovedException();
    }

    /** Whether the node wants to be a member of a cluster, and is none. */
    public boolean isOutside() {
        return config.getString("akka.actor.provider").equals("cluster")
                && !Cluster.get(system).selfMember().status().equals(MemberStatus.up());
    }

    /** Has {@code action} done when this node is a member of its cluster. */
    public void whenMember(Runnable action) {
        akka.cluster.Cluster.get(system.classicSystem()).registerOnMemberUp(action);
    }

    /**
     * Makes this node ready to run ranks of a mesh, for whatever runner the cluster has.
     *
     * @throws TroupeException when its data plane cannot listen
     */
    public Endpoint startTrainer() {
        DataPlane open = dataPlane();
        work.trains(ask(replyTo -> new NodeGuardian.StartTrainer(open, nodeConfig.traits(), replyTo)));
        return open.endpoint();
    }

    /** Makes this node ready to evaluate the checkpoints of the run that the cluster trains. */
    public void startEvaluation() {
        work.evaluates(ask(NodeGuardian.StartEvaluation::new));
    }

    /** Makes this node ready to give tokens of corpora to the cluster's trainers and evaluation nodes. */
    public void startData() {
        work.givesTokens(ask(NodeGuardian.StartData::new));
    }

    /**
     * Makes this node ready to hold members of replicas that other nodes lead.
     *
     * @throws TroupeException when its data plane cannot listen
     */
    public Endpoint startMember() {
        DataPlane open = dataPlane();
        EngineSettings engine = ReplicaSettings.from(config).engine();
        this.<ActorRef<MemberProtocol.Command>>ask(replyTo ->
                new NodeGuardian.StartMember(open, nodeConfig.modelPath(), engine.threads(), engine.memory(), replyTo));
        return open.endpoint();
    }

    /** The node's door for tensors, which opens when it is first needed. */
    private synchronized DataPlane dataPlane() {
        DataPlane open = plane;
        if (open == null) {
            String name = Cluster.get(system).selfMember().address().hostPort();
            open = DataPlane.open(name, nodeConfig.dataHost(), nodeConfig.dataPort(), nodeConfig.dataBindHost());
            plane = open;
        }
        return open;
    }

    /** What the node does, and what it knows of its cluster. */
    public NodeStatus status() {
        Cluster cluster = Cluster.get(system);
        return NodeStatus.of(cluster.selfMember(), cluster.state(), work.training(), work.evaluating(), work.tokens());
    }

    /** Directory of the run that this node has a part in, or had last; empty for none. */
    public Optional<Path> runDirectory() {
        return work.runDirectory();
    }

    /** Steps of a mesh on the cluster's trainer nodes. */
    public MeshClient runMesh(MeshJob job, Consumer<MeshEvent> events) {
        ActorRef<MeshRunner.Command> runner = ask(replyTo -> new NodeGuardian.RunMesh(job, events, replyTo));
        return new MeshClient(this, runner, job.mesh().accumulation());
    }

    void stopMesh(ActorRef<MeshRunner.Command> runner) {
        system.tell(new NodeGuardian.StopMesh(runner));
    }

    /** Takes a step with a runner of a mesh. */
    StepRunner.StepResult step(ActorRef<MeshRunner.Command> runner, long step, StepOrder order, Duration timeout) {
        return Waiting.await(
                AskPattern.<MeshRunner.Command, StepRunner.StepResult>ask(
                        runner,
                        replyTo -> new MeshWork.Run(new StepRunner.RunStep(step, order, replyTo)),
                        timeout,
                        system.scheduler()),
                timeout);
    }

    /** The cluster's registry of models, as a client. */
    public RegistryClient registry() {
        return new RegistryClient(this, ask(NodeGuardian.OpenRegistry::new));
    }

    /**
     * Starts a replica of a model and loads it.
     *
     * @throws TroupeException when the model cannot be loaded
     */
    public ModelDescription serve(ModelVersion version) {
        ReplicaSettings settings = ReplicaSettings.from(ConfigFactory.parseMap(Map.of(
                        "troupe.serving.modelId", version.modelId(),
                        "troupe.serving.chatTemplate", version.chatTemplate()))
                .withFallback(config));
        EngineLoader loader = new DirectoryLoader(
                settings.engine(),
                settings.modelId(),
                settings.chatTemplate(),
                Path.of(version.directory()),
                layout(SplitSettings.from(config)));
        return serve(settings, loader).model();
    }

    /** A replica that has loaded its model. */
    public record Served(ActorRef<ReplicaProtocol.Command> replica, ModelDescription model) {}

    /**
     * Starts a replica of what {@code loader} loads, and waits until it is loaded.
     *
     * @throws TroupeException when it cannot be loaded
     */
    public Served serve(ReplicaSettings settings, EngineLoader loader) {
        Duration drainLimit = RoutingConfig.from(config).drainDeadline();
        CompletableFuture<ModelDescription> loaded = new CompletableFuture<>();
        EngineLoader reporting = () -> {
            try {
                Engine engine = loader.load();
                loaded.complete(engine.description());
                return engine;
            } catch (RuntimeException | Error e) {
                loaded.completeExceptionally(e);
                throw e;
            }
        };
        ActorRef<ReplicaProtocol.Command> replica =
                ask(replyTo -> new NodeGuardian.Serve(settings, reporting, replyTo));
        ReplicaDrain.atShutdown(system, replica, loaded, drainLimit);
        return new Served(replica, Waiting.await(loaded.applyToEither(stopped, model -> model), LOAD_TIMEOUT));
    }

    /** Has {@link #serve} return, by an exception, though the model is not loaded: it may wait for nodes for long. */
    public void stopLoading() {
        stopped.completeExceptionally(new TroupeException("the node was stopped before it served its model"));
    }

    private ModelLayout layout(SplitSettings split) {
        if (split.shape().nodes() > 1) {
            return SplitLayout.over(system, dataPlane(), split);
        }
        return split.shape().isSplit() ? SplitLayout.here(split) : ModelLayout.WHOLE;
    }

    /**
     * Compares the kernels that a server or a member has not needed so far, a little later and beside what it does.
     *
     * @return completes exceptionally, with a message for users, when one differs from the reference
     */
    public CompletableFuture<Void> checkOtherKernels() {
        return NodeKernelChecks.others(nodeConfig, config);
    }

    /**
     * The node's end that nobody here asked for.
     *
     * @return completes exceptionally, with {@link NodeRemovedException} when the cluster has removed this node
     */
    public CompletableFuture<Void> removed() {
        return system.getWhenTerminated().toCompletableFuture().thenAccept(done -> requireNotRemoved());
    }

    /** Binds the HTTP and gRPC ports. */
    public Bindings route(RoutingConfig routing) {
        LateTrust.install();
        return Waiting.await(RoutingServer.start(system, routing), ASK_TIMEOUT);
    }

    /** Waits until the router can answer requests. */
    public void awaitReady(Bindings bindings) {
        long end = System.nanoTime() + ASK_TIMEOUT.toNanos();
        while (!Waiting.await(
                        AskPattern.ask(bindings.router(), Router.ListModels::new, ASK_TIMEOUT, system.scheduler()),
                        ASK_TIMEOUT)
                .ready()) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("the router found no replica within " + ASK_TIMEOUT.toSeconds() + " s");
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    /** Drains and stops: listeners first, requests in flight next, then the replica's for other nodes, actors last. */
    @Override
    public void close() {
        closing = true;
        if (!hasEnded()) { // else its shutdown may wait for this process to end
            Waiting.await(
                    CoordinatedShutdown.get(system.classicSystem())
                            .runAll(CoordinatedShutdown.actorSystemTerminateReason()),
                    SHUTDOWN_TIMEOUT);
        }
        synchronized (this) {
            if (plane != null) {
                plane.close();
            }
        }
    }

    private <T> T ask(Function<ActorRef<T>, NodeGuardian.Command> message) {
        return Waiting.await(AskPattern.ask(system, message::apply, ASK_TIMEOUT, system.scheduler()), ASK_TIMEOUT);
    }

    /** Asks an actor of this node. */
    <C, T> T ask(ActorRef<C> actor, Function<ActorRef<T>, C> message) {
        return Waiting.await(AskPattern.ask(actor, message::apply, ASK_TIMEOUT, system.scheduler()), ASK_TIMEOUT);
    }

    /** Asks an actor of this or another node that answers with a status; its error is a user's to read. */
    <C, T> T askWithStatus(ActorRef<C> actor, Function<ActorRef<StatusReply<T>>, C> message) {
        try {
            return Waiting.await(
                    AskPattern.<C, T>askWithStatus(actor, message::apply, ASK_TIMEOUT, system.scheduler()),
                    ASK_TIMEOUT);
        } catch (StatusReply.ErrorMessage e) {
            throw new TroupeException(String.valueOf(e.getMessage()), e);
        }
    }
}
