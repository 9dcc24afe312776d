package dev.troupe.actors.training.eval;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.TimerScheduler;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.troupe.actors.training.exchange.RunMemory;
import dev.troupe.actors.training.exchange.TensorTicket;
import dev.troupe.actors.wire.WireMessage;
import dev.troupe.model.transformer.Parameters;
import dev.troupe.model.transformer.TrainingStage;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Measures the held-out loss of a copy of the weights, window by window, with pauses in between so that training keeps
 * most of the processor. An urgent evaluation takes no pauses, and takes them from the one before it as well.
 */
public final class Evaluator {
    /** Most evaluations that wait; more are refused with {@link Refused}. */
    static final int MAX_QUEUED = 2;

    /** What the evaluator may be told. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({@JsonSubTypes.Type(Evaluate.class)})
    public sealed interface Command extends WireMessage {}

    /**
     * Evaluates the weights as they are now: they must not change before {@link WeightsCopied} (or {@link Refused}).
     *
     * @param step that the weights belong to, for the answer
     * @param windows most windows to evaluate
     * @param urgent whether to take no pauses
     */
    public record Evaluate(long step, int windows, boolean urgent, ActorRef<Answer> replyTo) implements Command {}

    private record Copied(
            Evaluate request, double seconds, @Nullable Throwable failure) implements Command {}

    private record Advanced(
            int windows, double seconds, @Nullable Throwable failure) implements Command {}

    private record Continue() implements Command {}

    /**
     * Answers to {@link Evaluate}: {@link WeightsCopied} and later {@link Evaluated}, or {@link Refused}; and what
     * evaluation nodes find out.
     */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({
        @JsonSubTypes.Type(WeightsCopied.class),
        @JsonSubTypes.Type(Evaluated.class),
        @JsonSubTypes.Type(Refused.class)
    })
    public sealed interface Answer extends WireMessage
            permits WeightsCopied, Evaluated, Refused, EvaluationScheduler.News {}

    /** The weights may change again. */
    public record WeightsCopied(long step) implements Answer {}

    /**
     * The result.
     *
     * @param loss mean cross-entropy, nats a token
     * @param busySeconds of computing, pauses left out
     * @param secondsPerWindow of the fastest batch of windows: what an evaluation of a warm program takes
     */
    public record Evaluated(long step, double loss, long tokens, double busySeconds, double secondsPerWindow)
            implements Answer {}

    /** An evaluation is under way already. */
    public record Refused(long step) implements Answer {}

    /**
     * What it works with; memory of {@code copy} and {@code stage} belongs to the run.
     *
     * @param weights that are evaluated
     * @param copy takes the copy of the weights; {@code stage} computes with it
     * @param batch most windows that the stage takes at once
     * @param cpuShare part of the time in which it may be computing
     */
    public record Settings(
            HeldOutWindows windows,
            TensorTicket weights,
            Parameters copy,
            TrainingStage stage,
            int batch,
            double cpuShare) {}

    private final ActorContext<Command> context;
    private final TimerScheduler<Command> timers;
    private final Settings settings;
    private final RunMemory memory;
    private final Executor compute;
    private final Deque<Evaluate> queued = new ArrayDeque<>();
    private @Nullable Evaluate current;
    private @Nullable EvaluationPass pass;
    private double busySeconds;
    private double secondsPerWindow;

    private Evaluator(
            ActorContext<Command> context, TimerScheduler<Command> timers, Settings settings, RunMemory memory) {
        this.context = context;
        this.timers = timers;
        this.settings = settings;
        this.memory = memory;
        this.compute =
                context.getSystem().dispatchers().lookup(DispatcherSelector.fromConfig("troupe.dispatchers.compute"));
    }

    /** An evaluator that waits for work. */
    public static Behavior<Command> create(Settings settings, RunMemory memory) {
        return Behaviors.setup(context -> Behaviors.withTimers(timers -> {
            Evaluator evaluator = new Evaluator(context, timers, settings, memory);
            return Behaviors.receiveMessage(evaluator::onCommand);
        }));
    }

    private Behavior<Command> onCommand(Command command) {
        switch (command) {
            case Evaluate request -> onEvaluate(request);
            case Copied copied -> onCopied(copied);
            case Advanced advanced -> onAdvanced(advanced);
            case Continue _ -> advance();
        }
        return Behaviors.same();
    }

    private void onEvaluate(Evaluate request) {
        if (current == null) {
            start(request);
        } else if (request.urgent() && queued.size() < MAX_QUEUED) {
            queued.add(request);
            if (timers.isTimerActive(Continue.class)) {
                timers.cancel(Continue.class);
                advance();
            }
        } else {
            request.replyTo().tell(new Refused(request.step()));
        }
    }

    private void start(Evaluate request) {
        current = request;
        busySeconds = 0;
        secondsPerWindow = Double.POSITIVE_INFINITY;
        Callable<Double> copy = () -> {
            long start = System.nanoTime();
            settings.copy()
                    .flat()
                    .copyFrom(
                            memory.resolve(settings.weights(), Parameters.class).flat());
            return (System.nanoTime() - start) * 1e-9;
        };
        context.pipeToSelf(
                memory.submit(compute, copy),
                (seconds, failure) -> new Copied(request, seconds == null ? 0 : seconds, failure));
    }

    private void onCopied(Copied copied) {
        failOn(copied.failure());
        Evaluate request = copied.request();
        request.replyTo().tell(new WeightsCopied(request.step()));
        pass = new EvaluationPass(settings.windows(), request.windows());
        advance();
    }

    private boolean isUrgent() {
        return (current != null && current.urgent()) || !queued.isEmpty();
    }

    private void advance() {
        EvaluationPass running = pass;
        if (running == null) {
            return;
        }
        int batch = isUrgent() ? settings.batch() : 1;
        Callable<Advanced> work = () -> {
            long start = System.nanoTime();
            int windows = running.advance(settings.stage(), batch);
            return new Advanced(windows, (System.nanoTime() - start) * 1e-9, null);
        };
        context.pipeToSelf(
                memory.submit(compute, work),
                (advanced, failure) -> advanced != null ? advanced : new Advanced(0, 0, failure));
    }

    private void onAdvanced(Advanced advanced) {
        failOn(advanced.failure());
        busySeconds += advanced.seconds();
        secondsPerWindow = Math.min(secondsPerWindow, advanced.seconds() / advanced.windows());
        Evaluate request = current;
        EvaluationPass running = pass;
        if (request == null || running == null) {
            return;
        }
        if (running.isFinished()) {
            request.replyTo()
                    .tell(new Evaluated(
                            request.step(), running.loss(), running.tokens(), busySeconds, secondsPerWindow));
            current = null;
            pass = null;
            if (!queued.isEmpty()) {
                start(queued.remove());
            }
        } else if (isUrgent() || settings.cpuShare() >= 1) {
            advance();
        } else {
            double pause = advanced.seconds() * (1 / settings.cpuShare() - 1);
            timers.startSingleTimer(Continue.class, new Continue(), Duration.ofNanos(Math.round(pause * 1e9)));
        }
    }

    private static void failOn(@Nullable Throwable failure) {
        if (failure != null) {
            throw new IllegalStateException("evaluating held-out text failed: " + failure, failure);
        }
    }
}
