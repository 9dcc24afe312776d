package dev.troupe.actors.training;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.ChildFailed;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.PostStop;
import akka.actor.typed.Terminated;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.troupe.actors.Failures;
import dev.troupe.actors.training.checkpoint.CheckpointSink;
import dev.troupe.actors.training.checkpoint.CheckpointWriter;
import dev.troupe.actors.training.data.CorpusOpener;
import dev.troupe.actors.training.eval.Evaluator;
import dev.troupe.actors.training.mesh.MeshEvent;
import dev.troupe.actors.training.run.Lead;
import dev.troupe.actors.training.run.NextAttempt;
import dev.troupe.actors.training.run.RunAssembly;
import dev.troupe.actors.training.run.RunJournal;
import dev.troupe.actors.training.step.StepRunner;
import dev.troupe.actors.wire.WireMessage;
import dev.troupe.model.TroupeException;
import dev.troupe.model.tensor.NotEnoughMemoryException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Drives a training run from start or resume to the evaluated final checkpoint, in one attempt, or in more of them when
 * it has to go back to an earlier checkpoint. An attempt gets the run ready; then {@link TrainingRun} is its behavior.
 */
public final class TrainingCoordinator {
    private static final String NOT_ENOUGH_MEMORY =
            "not enough memory for this model: lower train.batch, model.contextLength or model.dim (";

    /** What a run may be told from outside. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({@JsonSubTypes.Type(Stop.class)})
    public sealed interface Command extends WireMessage {}

    /**
     * Finish the step, write a checkpoint, and end with {@link TrainingEvent.Completed}; before the first step there is
     * nothing to save, and the run ends with {@link TrainingEvent.Failed}.
     */
    public record Stop() implements Command {}

    record Assembled(@Nullable RunAssembly run, @Nullable Throwable failure) implements Command {}

    record StepEnded(StepRunner.StepResult result) implements Command {}

    record CheckpointAnswered(CheckpointWriter.Answer answer) implements Command {}

    record EvaluationAnswered(Evaluator.Answer answer) implements Command {}

    /** Ranks of the run's mesh were seated. */
    record MeshChanged(MeshEvent event) implements Command {}

    record JournalAnswered(RunJournal.Recorded recorded) implements Command {}

    /**
     * An attempt has ended, for the next one to go on from a checkpoint.
     *
     * @param beginNanos of the first attempt
     * @param freed completes when nothing of its memory is left
     */
    record Ended(NextAttempt next, long beginNanos, CompletionStage<Void> freed) implements Command {}

    /** Something that should have been answered was not. */
    record Overdue(String what) implements Command {}

    /**
     * What a test replaces.
     *
     * @param nanoClock monotonic, in nanoseconds
     * @param sink wraps where checkpoints go
     * @param steps sees what steps came to before the run does
     */
    record Environment(
            LongSupplier nanoClock, UnaryOperator<CheckpointSink> sink, UnaryOperator<StepRunner.StepResult> steps) {
        static final Environment REAL = new Environment(System::nanoTime, UnaryOperator.identity());

        Environment(LongSupplier nanoClock, UnaryOperator<CheckpointSink> sink) {
            this(nanoClock, sink, UnaryOperator.identity());
        }

        Environment withSteps(UnaryOperator<StepRunner.StepResult> other) {
            return new Environment(nanoClock, sink, other);
        }
    }

    private TrainingCoordinator() {}

    /**
     * Where the coordinator is best spawned, as its children are: they take turns, and a hand-over within one thread
     * costs no wake-up.
     */
    public static DispatcherSelector dispatcher() {
        return DispatcherSelector.fromConfig("troupe.dispatchers.training");
    }

    /** A run, which begins at once and stops itself at its end; events go to {@code listener}. */
    public static Behavior<Command> create(TrainingSetup setup, ActorRef<TrainingEvent> listener) {
        return create(setup, listener, Environment.REAL, null);
    }

    /** A run on a cluster that this coordinator leads. */
    public static Behavior<Command> create(TrainingSetup setup, ActorRef<TrainingEvent> listener, Lead lead) {
        return create(setup, listener, Environment.REAL, lead);
    }

    static Behavior<Command> create(TrainingSetup setup, ActorRef<TrainingEvent> listener, Environment environment) {
        return create(setup, listener, environment, null);
    }

    private static Behavior<Command> create(
            TrainingSetup setup, ActorRef<TrainingEvent> listener, Environment environment, @Nullable Lead lead) {
        return Behaviors.setup(context -> new Attempts(context, setup, listener, environment, lead).begin(null));
    }

    /**
     * An attempt at a run: from where it begins, or goes back to, until it ends, or has to go back.
     *
     * @param parent is told {@link Ended}
     * @param beginNanos of the first attempt, on the environment's clock; null in that
     */
    record Attempt(ActorRef<Command> parent, @Nullable Long beginNanos) {}

    /** One attempt after the other, each a child with children of its own. */
    private static final class Attempts {
        private final ActorContext<Command> context;
        private final TrainingSetup setup;
        private final ActorRef<TrainingEvent> listener;
        private final Environment environment;
        private final @Nullable Lead lead;
        private int number;
        private boolean stopRequested;

        Attempts(
                ActorContext<Command> context,
                TrainingSetup setup,
                ActorRef<TrainingEvent> listener,
                Environment environment,
                @Nullable Lead lead) {
            this.context = context;
            this.setup = setup;
            this.listener = listener;
            this.environment = environment;
            this.lead = lead;
        }

        /** The first attempt, or the next one. */
        Behavior<Command> begin(@Nullable Ended before) {
            number++;
            ActorRef<Command> attempt = context.spawn(attempt(before), "attempt-" + number, dispatcher());
            context.watch(attempt);
            if (stopRequested) {
                attempt.tell(new Stop());
            }
            return Behaviors.receive(Command.class)
                    .onMessage(Ended.class, this::onEnded)
                    .onMessage(Stop.class, stop -> {
                        stopRequested = true;
                        attempt.tell(stop);
                        return Behaviors.same();
                    })
                    .onSignal(ChildFailed.class, signal -> {
                        throw new IllegalStateException("the run failed", signal.getCause());
                    })
                    .onSignal(
                            Terminated.class,
                            signal -> signal.getRef().path().equals(attempt.path())
                                    ? Behaviors.stopped()
                                    : Behaviors.same()) // of the attempt before
                    .build();
        }

        /** The next attempt begins when nothing of this one is left, neither actors nor memory. */
        private Behavior<Command> onEnded(Ended before) {
            int seconds = setup.config().train().stepTimeoutSeconds();
            CompletableFuture<Void> freed =
                    before.freed().toCompletableFuture().copy().orTimeout(seconds, TimeUnit.SECONDS);
            context.pipeToSelf(
                    freed,
                    (_, failure) -> failure == null
                            ? before
                            : new Overdue("what computes or writes does not end: nothing can go on within " + seconds
                                    + " s (train.stepTimeoutSeconds) after "
                                    + before.next().reason()));
            return Behaviors.receive(Command.class)
                    .onMessage(Ended.class, this::begin)
                    .onMessage(Overdue.class, overdue -> {
                        listener.tell(new TrainingEvent.Failed(setup.runId(), overdue.what()));
                        return Behaviors.stopped();
                    })
                    .onMessage(Stop.class, _ -> {
                        stopRequested = true;
                        return Behaviors.same();
                    })
                    .onSignal(Terminated.class, _ -> Behaviors.same())
                    .build();
        }

        private Behavior<Command> attempt(@Nullable Ended before) {
            NextAttempt next = before == null ? null : before.next();
            Attempt attempt = new Attempt(context.getSelf(), before == null ? null : before.beginNanos());
            return Behaviors.withMdc(
                    Command.class,
                    Map.of("run", setup.runId(), "actor", "training-coordinator"),
                    Behaviors.setup(child -> {
                        Executor blocking = child.getSystem().dispatchers().lookup(DispatcherSelector.blocking());
                        CorpusOpener corpora = CorpusOpener.of(child.getSystem());
                        CompletableFuture<RunAssembly> assembly = CompletableFuture.supplyAsync(
                                () -> RunAssembly.assemble(setup, lead, next, corpora), blocking);
                        child.pipeToSelf(assembly, Assembled::new);
                        return new Starting(child, setup, listener, environment, attempt, assembly).behavior(false);
                    }));
        }
    }

    /** Waits for the assembly. */
    private record Starting(
            ActorContext<Command> context,
            TrainingSetup setup,
            ActorRef<TrainingEvent> listener,
            Environment environment,
            Attempt attempt,
            CompletableFuture<RunAssembly> assembly) {

        Behavior<Command> behavior(boolean stopRequested) {
            return Behaviors.receive(Command.class)
                    .onMessage(Stop.class, stop -> behavior(true))
                    .onMessage(Assembled.class, assembled -> onAssembled(assembled, stopRequested))
                    .onSignal(PostStop.class, signal -> {
                        // Whoever waits for the assembly is gone; its memory and lock must not stay.
                        var _ = assembly.thenAccept(run -> run.memory().close());
                        return Behaviors.same();
                    })
                    .build();
        }

        private Behavior<Command> onAssembled(Assembled assembled, boolean stopRequested) {
            RunAssembly run = assembled.run();
            if (run == null || (stopRequested && run.position().step() == 0)) {
                String message = run == null ? userMessage(assembled.failure()) : TrainingRun.NOTHING_TO_SAVE;
                context.getLog().error("Run {} does not start: {}", setup.runId(), message);
                listener.tell(new TrainingEvent.Failed(setup.runId(), message));
                return Behaviors.stopped();
            }
            return Behaviors.withTimers(timers ->
                    new TrainingRun(context, timers, setup, listener, run, environment, attempt).begin(stopRequested));
        }
    }

    /** The part of a failure that is fit for a user. */
    public static String userMessage(@Nullable Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof NotEnoughMemoryException) {
                return NOT_ENOUGH_MEMORY + cause.getMessage() + ")";
            }
            if (cause instanceof TroupeException) {
                return String.valueOf(cause.getMessage());
            }
        }
        if (failure == null) {
            return "unknown failure";
        }
        Throwable shown = Failures.cause(failure);
        return shown instanceof OutOfMemoryError ? NOT_ENOUGH_MEMORY + shown.getMessage() + ")" : String.valueOf(shown);
    }
}
