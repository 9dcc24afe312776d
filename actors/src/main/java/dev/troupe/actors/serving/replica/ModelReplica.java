package dev.troupe.actors.serving.replica;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.PostStop;
import akka.actor.typed.PreRestart;
import akka.actor.typed.Signal;
import akka.actor.typed.SupervisorStrategy;
import akka.actor.typed.Terminated;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.StashBuffer;
import akka.actor.typed.receptionist.Receptionist;
import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationEvent.RejectReason;
import dev.troupe.actors.serving.ReplicaProtocol;
import dev.troupe.actors.serving.ReplicaProtocol.Cancel;
import dev.troupe.actors.serving.ReplicaProtocol.Command;
import dev.troupe.actors.serving.ReplicaProtocol.Describe;
import dev.troupe.actors.serving.ReplicaProtocol.Description;
import dev.troupe.actors.serving.ReplicaProtocol.Drain;
import dev.troupe.actors.serving.ReplicaProtocol.Drained;
import dev.troupe.actors.serving.ReplicaProtocol.Submit;
import dev.troupe.actors.serving.engine.DirectoryLoader;
import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.actors.serving.engine.EngineLoader;
import dev.troupe.actors.serving.replica.ReplicaMessage.EngineLost;
import dev.troupe.actors.serving.replica.ReplicaMessage.LoadEnded;
import dev.troupe.actors.serving.replica.ReplicaMessage.Received;
import dev.troupe.actors.serving.replica.ReplicaMessage.RequestEnded;
import dev.troupe.actors.serving.replica.ReplicaMessage.SchemaReady;
import dev.troupe.actors.serving.replica.ReplicaMessage.SchemaRefused;
import dev.troupe.actors.serving.replica.ReplicaMessage.StepsFailed;
import dev.troupe.model.TroupeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Serves one model on this node: loading, then serving, then draining. Loading runs on the blocking dispatcher, steps
 * on a thread of their own ({@link ReplicaSession}); this actor only decides and tells, whatever a step takes.
 *
 * <p>A step that throws gives up its own requests, for another try, and no others. After
 * {@link ReplicaSettings#maxStepFailures} in a row the replica restarts: it loads the model afresh and registers again.
 * A model that cannot be served at all ({@link TroupeException}) stops the actor, so that its parent learns why. One
 * that was served before is tried again, whatever its load fails of: nobody waits for that load to hear of it.
 */
public final class ModelReplica {
    private static final int MAX_STASHED = 256;
    private static final double RESTART_JITTER = 0.2;

    private final ActorContext<ReplicaMessage> context;
    private final ActorRef<Command> self;
    private final ReplicaSettings settings;
    private final EngineLoader loader;
    private final AtomicBoolean hasServed; // in this life of the actor or one before
    private final StashBuffer<ReplicaMessage> stash;
    private final Executor compute;
    private final Executor blocking;
    private boolean registered;

    private ModelReplica(
            ActorContext<ReplicaMessage> context,
            ActorRef<Command> self,
            ReplicaSettings settings,
            EngineLoader loader,
            AtomicBoolean hasServed,
            StashBuffer<ReplicaMessage> stash) {
        this.context = context;
        this.self = self;
        this.settings = settings;
        this.loader = loader;
        this.hasServed = hasServed;
        this.stash = stash;
        this.compute = dispatcher("troupe.dispatchers.compute");
        this.blocking = dispatcher("troupe.dispatchers.blocking");
    }

    private Executor dispatcher(String path) {
        return context.getSystem().dispatchers().lookup(DispatcherSelector.fromConfig(path));
    }

    /** A replica of the model in a directory such as {@link dev.troupe.model.format.ModelDirectory} writes. */
    public static Behavior<Command> create(ReplicaSettings settings, Path modelDirectory) {
        return create(
                settings,
                new DirectoryLoader(settings.engine(), settings.modelId(), settings.chatTemplate(), modelDirectory));
    }

    /** A replica of what {@code loader} loads. */
    public static Behavior<Command> create(ReplicaSettings settings, EngineLoader loader) {
        return Behaviors.setup(context -> supervised(settings, loader, new AtomicBoolean()));
    }

    /** @param hasServed kept over restarts */
    private static Behavior<Command> supervised(
            ReplicaSettings settings, EngineLoader loader, AtomicBoolean hasServed) {
        Behavior<Command> replica = Behaviors.setup(outer -> {
            Behavior<ReplicaMessage> inner = Behaviors.setup(context -> Behaviors.withStash(
                    MAX_STASHED,
                    stash -> new ModelReplica(context, outer.getSelf(), settings, loader, hasServed, stash).loading()));
            return Behaviors.transformMessages(Command.class, inner, match -> match.matchAny(Received::new));
        });
        SupervisorStrategy restart = SupervisorStrategy.restartWithBackoff(
                settings.minRestartDelay(), settings.maxRestartDelay(), RESTART_JITTER);
        Behavior<Command> hopeless = Behaviors.supervise(replica)
                .onFailure(
                        TroupeException.class, SupervisorStrategy.stop().withLoggingEnabled(false)); // the parent tells
        return Behaviors.supervise(hopeless).onFailure(RuntimeException.class, restart);
    }

    // Identity is meant: the result of an earlier life's attempt is closed by that life.
    @SuppressWarnings("ReferenceEquality")
    private Behavior<ReplicaMessage> loading() {
        CompletableFuture<Engine> loading = CompletableFuture.supplyAsync(loader::load, blocking);
        context.pipeToSelf(loading, (engine, failure) -> new LoadEnded(loading));
        return Behaviors.receive(
                (ignored, message) -> switch (message) {
                    case Received(Submit submit) ->
                        reject(submit, RejectReason.LOADING, "the model is being loaded: try again shortly");
                    case Received(Cancel cancel) -> Behaviors.same();
                    case Received(Describe describe) -> answerWhenLoaded(message);
                    case Received(Drain drain) -> {
                        drain.replyTo().tell(new Drained(0));
                        yield Behaviors.stopped();
                    }
                    case LoadEnded(var attempt) -> attempt == loading ? loaded(engineOf(loading)) : Behaviors.same();
                    case RequestEnded stale -> Behaviors.same();
                    case StepsFailed stale -> Behaviors.same();
                    case EngineLost stale -> Behaviors.same();
                    case SchemaReady stale -> Behaviors.same();
                    case SchemaRefused stale -> Behaviors.same();
                },
                (ignored, signal) -> {
                    if (signal instanceof PreRestart || signal instanceof PostStop) {
                        closeWhenLoaded(loading);
                    }
                    return Behaviors.same();
                });
    }

    private Behavior<ReplicaMessage> answerWhenLoaded(ReplicaMessage message) {
        if (stash.isFull()) {
            context.getLog().warn("dropped a question: {} wait for the model to be loaded", stash.size());
        } else {
            stash.stash(message);
        }
        return Behaviors.same();
    }

    private static void closeWhenLoaded(CompletionStage<Engine> loading) {
        loading.thenAccept(Engine::close);
    }

    /**
     * Throws why loading failed: a restart is worth trying unless the failure is the user's to mend, who then waits for
     * the first load. Of a later one the log tells, and what a user mends meanwhile is found by the next.
     */
    private Engine engineOf(CompletableFuture<Engine> loading) {
        try {
            Engine engine = loading.join();
            hasServed.set(true);
            return engine;
        } catch (CompletionException e) {
            if (e.getCause() instanceof TroupeException hopeless && !hasServed.get()) {
                throw hopeless;
            }
            String again = hasServed.get() ? " again" : "";
            throw new IllegalStateException(
                    "the model could not be loaded" + again + ": " + e.getCause(), e.getCause());
        }
    }

    private Behavior<ReplicaMessage> loaded(Engine engine) {
        ReplicaSession session = new ReplicaSession(context, settings, engine, compute);
        context.pipeToSelf(engine.lost(), (reason, failure) -> new EngineLost(engine, String.valueOf(reason)));
        context.getSystem().receptionist().tell(Receptionist.register(ReplicaProtocol.SERVICE_KEY, self));
        registered = true;
        context.getLog()
                .info(
                        "serving {} version {} with {} KV blocks",
                        engine.description().modelId(),
                        engine.description().version(),
                        engine.numKvBlocks());
        return stash.unstashAll(serving(session));
    }

    private Behavior<ReplicaMessage> serving(ReplicaSession session) {
        return Behaviors.receive(
                (ignored, message) -> switch (message) {
                    case Received(Submit submit) -> {
                        session.submit(submit);
                        yield Behaviors.same();
                    }
                    case Received(Cancel cancel) -> {
                        session.cancel(cancel.requestId());
                        yield Behaviors.same();
                    }
                    case Received(Describe describe) -> describe(session, describe);
                    case Received(Drain drain) -> {
                        deregister();
                        yield draining(session, session.numFinished(), List.of(drain.replyTo()));
                    }
                    case RequestEnded ended -> {
                        session.clientServed(ended.client());
                        yield Behaviors.same();
                    }
                    case StepsFailed failed -> stepsFailed(session, failed);
                    case SchemaReady ready -> {
                        session.schemaReady(ready);
                        yield Behaviors.same();
                    }
                    case SchemaRefused refused -> {
                        session.schemaRefused(refused);
                        yield Behaviors.same();
                    }
                    case EngineLost(var engine, var reason) -> {
                        engineLost(session, engine, reason);
                        yield Behaviors.same();
                    }
                    case LoadEnded stale -> Behaviors.same();
                },
                (ignored, signal) -> {
                    if (signal instanceof PreRestart || signal instanceof PostStop) {
                        deregister();
                    }
                    onSignal(session, signal);
                    return Behaviors.same();
                });
    }

    /** @param waiting those who asked for the drain, told when the last request has ended */
    private Behavior<ReplicaMessage> draining(
            ReplicaSession session, int finishedBefore, List<ActorRef<Drained>> waiting) {
        if (session.isIdle()) {
            return drained(session, finishedBefore, waiting);
        }
        return Behaviors.receive(
                (ignored, message) -> switch (message) {
                    case Received(Submit submit) ->
                        reject(submit, RejectReason.DRAINING, "the replica is shutting down: ask another");
                    case Received(Cancel cancel) -> {
                        session.cancel(cancel.requestId());
                        yield draining(session, finishedBefore, waiting);
                    }
                    case Received(Describe describe) -> describe(session, describe);
                    case Received(Drain drain) -> {
                        List<ActorRef<Drained>> all = new ArrayList<>(waiting);
                        all.add(drain.replyTo());
                        yield draining(session, finishedBefore, all);
                    }
                    case RequestEnded ended -> {
                        session.clientServed(ended.client());
                        yield draining(session, finishedBefore, waiting);
                    }
                    // No restart: what is left is for another replica.
                    case StepsFailed failed ->
                        isOf(session, failed) ? drained(session, finishedBefore, waiting) : Behaviors.same();
                    case SchemaReady ready -> {
                        session.schemaReady(ready);
                        yield draining(session, finishedBefore, waiting);
                    }
                    case SchemaRefused refused -> {
                        session.schemaRefused(refused);
                        yield draining(session, finishedBefore, waiting);
                    }
                    case EngineLost(var engine, var reason) ->
                        isOf(session, engine) ? drained(session, finishedBefore, waiting) : Behaviors.same();
                    case LoadEnded stale -> Behaviors.same();
                },
                (ignored, signal) -> {
                    onSignal(session, signal);
                    return signal instanceof Terminated ? draining(session, finishedBefore, waiting) : Behaviors.same();
                });
    }

    /** Whoever is not answered hears that another replica must go on before the drain is said to be over. */
    private static Behavior<ReplicaMessage> drained(
            ReplicaSession session, int finishedBefore, List<ActorRef<Drained>> waiting) {
        Drained drained = new Drained(session.numFinished() - finishedBefore);
        session.close();
        waiting.forEach(replyTo -> replyTo.tell(drained));
        return Behaviors.stopped();
    }

    private Behavior<ReplicaMessage> reject(Submit submit, RejectReason reason, String message) {
        submit.replyTo().tell(new GenerationEvent.Rejected(submit.request().requestId(), reason, message));
        return Behaviors.same();
    }

    private static Behavior<ReplicaMessage> describe(ReplicaSession session, Describe describe) {
        describe.replyTo()
                .tell(new Description(session.engine().description(), session.numRunning(), session.numQueued()));
        return Behaviors.same();
    }

    private static Behavior<ReplicaMessage> stepsFailed(ReplicaSession session, StepsFailed failed) {
        if (isOf(session, failed)) {
            throw new IllegalStateException("steps failed in a row: loading the model afresh", failed.cause());
        }
        return Behaviors.same();
    }

    // Identity is meant: a failure of the session before this one has been dealt with.
    @SuppressWarnings("ReferenceEquality")
    private static boolean isOf(ReplicaSession session, StepsFailed failed) {
        return failed.session() == session;
    }

    // Identity is meant: an engine of an earlier life was closed by that life.
    @SuppressWarnings("ReferenceEquality")
    private static boolean isOf(ReplicaSession session, Engine engine) {
        return session.engine() == engine;
    }

    /** All open requests are given back to their routers, and the model is loaded afresh. */
    private static void engineLost(ReplicaSession session, Engine engine, String reason) {
        if (isOf(session, engine)) {
            throw new IllegalStateException("the engine was lost, so the model is loaded afresh: " + reason);
        }
    }

    private void onSignal(ReplicaSession session, Signal signal) {
        if (signal instanceof Terminated terminated) {
            session.clientGone(terminated.getRef());
        } else if (signal instanceof PreRestart || signal instanceof PostStop) {
            session.close();
        }
    }

    /** Once only: a cluster's receptionist fails when it is asked again, as at the end of a drain. */
    private void deregister() {
        if (registered) {
            registered = false;
            context.getSystem().receptionist().tell(Receptionist.deregister(ReplicaProtocol.SERVICE_KEY, self));
        }
    }
}
