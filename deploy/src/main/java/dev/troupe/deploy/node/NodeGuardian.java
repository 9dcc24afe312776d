package dev.troupe.deploy.node;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.SupervisorStrategy;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.cluster.typed.ClusterSingleton;
import akka.cluster.typed.ClusterSingletonSettings;
import akka.cluster.typed.SingletonActor;
import dev.troupe.actors.registry.ModelRegistry;
import dev.troupe.actors.serving.ReplicaProtocol;
import dev.troupe.actors.serving.engine.EngineLoader;
import dev.troupe.actors.serving.replica.ModelReplica;
import dev.troupe.actors.serving.replica.ReplicaSettings;
import dev.troupe.actors.serving.split.MemberNode;
import dev.troupe.actors.serving.split.MemberProtocol;
import dev.troupe.actors.training.TrainingCoordinator;
import dev.troupe.actors.training.TrainingEvent;
import dev.troupe.actors.training.TrainingSetup;
import dev.troupe.actors.training.mesh.MeshEvent;
import dev.troupe.actors.training.mesh.MeshJob;
import dev.troupe.actors.training.mesh.MeshRunner;
import dev.troupe.actors.training.mesh.TrainerNode;
import dev.troupe.actors.training.mesh.TrainerProtocol;
import dev.troupe.actors.transport.DataPlane;
import java.nio.file.Path;
import java.util.Optional;
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

    /** Start the registry of models, or reach the one that another node runs. */
    record OpenRegistry(ActorRef<ActorRef<ModelRegistry.Command>> replyTo) implements Command {}

    /** Start a replica of what {@code loader} loads. */
    record Serve(ReplicaSettings settings, EngineLoader loader, ActorRef<ActorRef<ReplicaProtocol.Command>> replyTo)
            implements Command {}

    /** Make this node ready to run ranks of a mesh; they talk through {@code plane}. */
    record StartTrainer(DataPlane plane, ActorRef<ActorRef<TrainerProtocol.Command>> replyTo) implements Command {}

    /** Make this node ready to hold members of replicas that other nodes lead. */
    record StartMember(
            DataPlane plane, Optional<Path> model, int threads, ActorRef<ActorRef<MemberProtocol.Command>> replyTo)
            implements Command {}

    /** Start a runner of a mesh on the cluster's trainer nodes. */
    record RunMesh(MeshJob job, Consumer<MeshEvent> events, ActorRef<ActorRef<MeshRunner.Command>> replyTo)
            implements Command {}

    /** Stop what was started with {@link RunMesh}. */
    record StopMesh(ActorRef<MeshRunner.Command> runner) implements Command {}

    private NodeGuardian() {}

    static Behavior<Command> create() {
        return Behaviors.setup(context -> Behaviors.receiveMessage(command -> {
            switch (command) {
                case Train train -> train.replyTo().tell(startTraining(context, train));
                case OpenRegistry open -> open.replyTo().tell(openRegistry(context));
                case Serve serve -> serve.replyTo().tell(startReplica(context, serve));
                case StartTrainer start ->
                    start.replyTo().tell(context.spawn(TrainerNode.create(start.plane()), "trainer-node"));
                case StartMember start ->
                    start.replyTo()
                            .tell(context.spawn(
                                    MemberNode.create(start.plane(), start.model(), start.threads()), "member-node"));
                case RunMesh run ->
                    run.replyTo().tell(context.spawnAnonymous(MeshRunner.create(run.job(), run.events())));
                case StopMesh stop -> context.stop(stop.runner());
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

    private static ActorRef<ModelRegistry.Command> openRegistry(ActorContext<Command> context) {
        SingletonActor<ModelRegistry.Command> registry = SingletonActor.of(
                        Behaviors.supervise(ModelRegistry.create()).onFailure(SupervisorStrategy.restart()),
                        "model-registry")
                .withSettings(
                        ClusterSingletonSettings.create(context.getSystem()).withRole(Role.REGISTRY.configName()));
        return ClusterSingleton.get(context.getSystem()).init(registry);
    }

    private static ActorRef<ReplicaProtocol.Command> startReplica(ActorContext<Command> context, Serve serve) {
        return context.spawnAnonymous(ModelReplica.create(serve.settings(), serve.loader()));
    }
}
