package dev.troupe.deploy.node;

import akka.Done;
import akka.actor.ActorSelection;
import akka.actor.Address;
import akka.actor.CoordinatedShutdown;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.SupervisorStrategy;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.cluster.MemberStatus;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.ClusterSingleton;
import akka.cluster.typed.ClusterSingletonSettings;
import akka.cluster.typed.SingletonActor;
import akka.pattern.Patterns;
import dev.troupe.actors.membership.ClusterRoll;
import dev.troupe.actors.membership.Membership;
import dev.troupe.actors.registry.ModelRegistry;
import dev.troupe.actors.serving.AnswerThreads;
import dev.troupe.actors.serving.ReplicaProtocol;
import dev.troupe.actors.serving.engine.EngineLoader;
import dev.troupe.actors.serving.engine.ServingMemory;
import dev.troupe.actors.serving.replica.ModelReplica;
import dev.troupe.actors.serving.replica.ReplicaSettings;
import dev.troupe.actors.serving.split.MemberNode;
import dev.troupe.actors.serving.split.MemberProtocol;
import dev.troupe.actors.training.TrainingCoordinator;
import dev.troupe.actors.training.TrainingEvent;
import dev.troupe.actors.training.TrainingSetup;
import dev.troupe.actors.training.cluster.ClusterTraining;
import dev.troupe.actors.training.cluster.RunWatcher;
import dev.troupe.actors.training.data.DataNode;
import dev.troupe.actors.training.eval.EvaluationNode;
import dev.troupe.actors.training.mesh.KnownRun;
import dev.troupe.actors.training.mesh.MeshCheckpoints;
import dev.troupe.actors.training.mesh.MeshEvent;
import dev.troupe.actors.training.mesh.MeshJob;
import dev.troupe.actors.training.mesh.MeshRunner;
import dev.troupe.actors.training.mesh.MeshStart;
import dev.troupe.actors.training.mesh.NodeTraits;
import dev.troupe.actors.training.mesh.TrainerNode;
import dev.troupe.actors.training.mesh.TrainerProtocol;
import dev.troupe.actors.training.run.RunSpec;
import dev.troupe.actors.transport.DataPlane;
import dev.troupe.model.kernel.parallel.ComputeThreads;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** The root of a node's actors: starts what its roles and commands ask for, and supervises it. */
final class NodeGuardian {
    /** What the process may ask of its actors. */
    sealed interface Command {}

    /** Start a training run; {@code listener} hears its events on an actor's thread and must not block. */
    record Train(
            TrainingSetup setup,
            Consumer<TrainingEvent> listener,
            ActorRef<ActorRef<TrainingCoordinator.Command>> replyTo)
            implements Command {}

    /** Have the cluster train a run, whoever leads it; {@code listener} as above. */
    record TrainOnCluster(RunSpec run, Consumer<TrainingEvent> listener, ActorRef<ActorRef<RunWatcher.Command>> replyTo)
            implements Command {}

    /** Nodes that may be in no cluster are told of this node's. */
    record Announce(List<Address> nodes) implements Command {}

    /** Start the registry of models, or reach the one that another node runs. */
    record OpenRegistry(ActorRef<ActorRef<ModelRegistry.Command>> replyTo) implements Command {}

    /** Start a replica of what {@code loader} loads. */
    record Serve(ReplicaSettings settings, EngineLoader loader, ActorRef<ActorRef<ReplicaProtocol.Command>> replyTo)
            implements Command {}

    /** Make this node ready to run ranks of a mesh, and to lead a run; ranks talk through {@code plane}. */
    record StartTrainer(DataPlane plane, NodeTraits traits, ActorRef<ActorRef<TrainerProtocol.Command>> replyTo)
            implements Command {}

    /** Make this node ready to evaluate checkpoints of the run that the cluster trains. */
    record StartEvaluation(ActorRef<ActorRef<EvaluationNode.Command>> replyTo) implements Command {}

    /** Make this node ready to give tokens of corpora that it has the files of. */
    record StartData(ActorRef<ActorRef<DataNode.Command>> replyTo) implements Command {}

    /** Make this node ready to hold members of replicas that other nodes lead. */
    record StartMember(
            DataPlane plane,
            Optional<Path> model,
            ComputeThreads threads,
            ServingMemory memory,
            ActorRef<ActorRef<MemberProtocol.Command>> replyTo)
            implements Command {}

    /** Start a runner of a mesh on the cluster's trainer nodes. */
    record RunMesh(MeshJob job, Consumer<MeshEvent> events, ActorRef<ActorRef<MeshRunner.Command>> replyTo)
            implements Command {}

    /** Stop what was started with {@link RunMesh}. */
    record StopMesh(ActorRef<MeshRunner.Command> runner) implements Command {}

    /** Zero would be the time that the split-brain resolver waits. */
    private static final Duration SHORTEST_MARGIN = Duration.ofMillis(50);

    /** A node that is older has begun, or waits for others. */
    private static final long BEGINNING_SECONDS = 3;

    private static final Duration BEGINNING_POLL = Duration.ofMillis(50);
    private static final int BEGINNING_POLLS = 40;

    private NodeGuardian() {}

    /**
     * The guardian.
     *
     * @param clustered whether the node has others
     * @param memory of the node that its cluster has removed, in whose place this one is; else an empty one. It is kept
     *     up to date.
     */
    static Behavior<Command> create(boolean clustered, NodeMemory memory) {
        Optional<ClusterRoll> former = memory.roll();
        return Behaviors.setup(context -> {
            if (clustered) {
                endAfterBeginning(context.getSystem());
            }
            ActorRef<Membership.Command> membership = clustered
                    ? context.spawn(
                            Behaviors.supervise(Membership.create(former, memory::roll))
                                    .onFailure(SupervisorStrategy.restart()),
                            Membership.NAME)
                    : context.getSystem().ignoreRef();
            return commands(membership, memory.run());
        });
    }

    /**
     * Has the end of a node that has just begun, as where a port is taken, wait until its cluster has begun: what the
     * cluster starts later than its end fails, with stack traces in the log, or has it wait for time-outs.
     */
    private static void endAfterBeginning(ActorSystem<?> system) {
        ActorSelection last = system.classicSystem().actorSelection("/system/clusterReceptionist/replicator");
        Cluster cluster = Cluster.get(system);
        boolean waits = Membership.waits(
                system.settings().config(), cluster.selfMember().address());
        Callable<CompletionStage<akka.actor.ActorRef>> begun = () -> {
            MemberStatus status = cluster.selfMember().status();
            return (waits ? !status.equals(MemberStatus.joining()) : status.equals(MemberStatus.up()))
                    ? last.resolveOne(BEGINNING_POLL)
                    : CompletableFuture.failedFuture(new TimeoutException("no member of a cluster yet"));
        };
        CoordinatedShutdown.get(system)
                .addTask(
                        CoordinatedShutdown.PhaseBeforeServiceUnbind(),
                        "cluster-begun",
                        () -> system.uptime() > BEGINNING_SECONDS
                                ? CompletableFuture.completedFuture(Done.getInstance())
                                : Patterns.retry(begun, BEGINNING_POLLS, BEGINNING_POLL, system.classicSystem())
                                        .handle((found, missing) -> Done.getInstance()));
    }

    private static Behavior<Command> commands(ActorRef<Membership.Command> membership, KnownRun run) {
        return Behaviors.setup(context -> Behaviors.receiveMessage(command -> {
            switch (command) {
                case Train train -> train.replyTo().tell(startTraining(context, train));
                case TrainOnCluster train -> train.replyTo().tell(watch(context, train));
                case Announce(List<Address> nodes) -> membership.tell(new Membership.Announce(nodes));
                case OpenRegistry open -> open.replyTo().tell(openRegistry(context));
                case Serve serve -> serve.replyTo().tell(startReplica(context, serve));
                case StartTrainer start -> {
                    ActorRef<TrainerProtocol.Command> trainer =
                            context.spawn(TrainerNode.create(start.plane(), start.traits(), run), "trainer-node");
                    openTraining(context);
                    start.replyTo().tell(trainer);
                }
                case StartEvaluation start ->
                    start.replyTo()
                            .tell(context.spawn(
                                    Behaviors.supervise(EvaluationNode.create())
                                            .onFailure(SupervisorStrategy.restart()),
                                    "evaluation-node"));
                case StartData start ->
                    start.replyTo()
                            .tell(context.spawn(
                                    Behaviors.supervise(DataNode.create()).onFailure(SupervisorStrategy.restart()),
                                    "data-node"));
                case StartMember start ->
                    start.replyTo()
                            .tell(context.spawn(
                                    MemberNode.create(start.plane(), start.model(), start.threads(), start.memory()),
                                    "member-node"));
                case RunMesh mesh ->
                    mesh.replyTo()
                            .tell(context.spawnAnonymous(MeshRunner.create(
                                    mesh.job(), MeshStart.fresh(), MeshCheckpoints.NONE, mesh.events())));
                case StopMesh stop -> stop.runner().tell(new MeshRunner.End());
            }
            return Behaviors.same();
        }));
    }

    private static ActorRef<TrainingCoordinator.Command> startTraining(ActorContext<Command> context, Train train) {
        String runId = train.setup().runId();
        Behavior<TrainingEvent> listener = Behaviors.receiveMessage(event -> {
            train.listener().accept(event);
            return Behaviors.same();
        });
        ActorRef<TrainingEvent> events = context.spawn(listener, "listener-" + runId);
        return context.spawn(
                TrainingCoordinator.create(train.setup(), events),
                "training-" + runId,
                TrainingCoordinator.dispatcher());
    }

    private static ActorRef<RunWatcher.Command> watch(ActorContext<Command> context, TrainOnCluster train) {
        return context.spawnAnonymous(RunWatcher.create(openTraining(context), train.run(), train.listener()));
    }

    /**
     * The lead of the cluster's run, on the oldest of its trainer nodes. When that is removed, the next one leads at
     * once: what is left of the one before is fenced by the run's directory and by epochs, so that there is no need to
     * wait until it has surely ended.
     */
    private static ActorRef<ClusterTraining.Command> openTraining(ActorContext<Command> context) {
        SingletonActor<ClusterTraining.Command> training = SingletonActor.of(
                        Behaviors.supervise(ClusterTraining.create()).onFailure(SupervisorStrategy.restart()),
                        "cluster-training")
                .withSettings(ClusterSingletonSettings.create(context.getSystem())
                        .withRole(Role.TRAINER.configName())
                        .withRemovalMargin(SHORTEST_MARGIN));
        return ClusterSingleton.get(context.getSystem()).init(training);
    }

    private static ActorRef<ModelRegistry.Command> openRegistry(ActorContext<Command> context) {
        SingletonActor<ModelRegistry.Command> registry = SingletonActor.of(
                        Behaviors.supervise(ModelRegistry.create()).onFailure(SupervisorStrategy.restart()),
                        "model-registry")
                .withSettings(
                        ClusterSingletonSettings.create(context.getSystem()).withRole(Role.REGISTRY.configName()));
        return ClusterSingleton.get(context.getSystem()).init(registry);
    }

    private static ActorRef<ReplicaProtocol.Command> startReplica(ActorContext<Command> context, Serve serve) {
        return context.spawnAnonymous(ModelReplica.create(serve.settings(), serve.loader()), AnswerThreads.selector());
    }
}
