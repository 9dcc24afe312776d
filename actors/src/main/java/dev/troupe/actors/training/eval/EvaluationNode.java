package dev.troupe.actors.training.eval;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import akka.actor.typed.receptionist.ServiceKey;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.troupe.actors.training.TrainingCoordinator;
import dev.troupe.actors.training.data.CorpusOpener;
import dev.troupe.actors.wire.WireMessage;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Evaluates models, one at a time, for whoever leads a run: a node of a cluster with the role {@code eval} has one. The
 * same order again only says where the result is to go; another one ends the evaluation that is under way, for whoever
 * leads gives a node one order at a time.
 */
public final class EvaluationNode {
    /** By which those of a cluster are found. */
    public static final ServiceKey<Command> KEY = ServiceKey.create(Command.class, "evaluation-node");

    /** What may be told. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({
        @JsonSubTypes.Type(Evaluate.class),
        @JsonSubTypes.Type(Forget.class),
        @JsonSubTypes.Type(Describe.class)
    })
    public interface Command extends WireMessage {}

    /** Evaluates a model of a run. */
    public record Evaluate(EvaluationJob job, EvaluationOrder order, ActorRef<Answer> replyTo) implements Command {
        boolean isOf(Evaluate other) {
            return order.equals(other.order) && job.directory().equals(other.job.directory());
        }
    }

    /** Nobody waits for this evaluation any more. */
    public record Forget(Evaluate request) implements Command {}

    /** Asks what the node does, for whoever shows it. */
    public record Describe(ActorRef<Described> replyTo) implements Command {}

    /** {@code model} is null for a failure, and for a model that is known. */
    private record Ended(
            Work work,
            @Nullable MeasuredModel model,
            @Nullable Throwable failure) implements Command {}

    /** What comes of {@link Evaluate}. */
    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
    @JsonSubTypes({@JsonSubTypes.Type(Evaluated.class), @JsonSubTypes.Type(NotEvaluated.class)})
    public sealed interface Answer extends WireMessage {
        /** Who answers. */
        ActorRef<Command> node();

        /** To what. */
        EvaluationOrder order();
    }

    /** The result; {@code model} is null when the order knows it. */
    public record Evaluated(
            ActorRef<Command> node,
            EvaluationOrder order,
            @Nullable MeasuredModel model) implements Answer {}

    /** It could not be evaluated; {@code message} is fit for a user. */
    public record NotEvaluated(ActorRef<Command> node, EvaluationOrder order, String message) implements Answer {}

    /**
     * The answer to {@link Describe}.
     *
     * @param directory of the run whose models were evaluated last; null for none
     * @param model that is evaluated; null for none
     */
    public record Described(
            @Nullable String runId,
            @Nullable String directory,
            @Nullable String model) implements WireMessage {}

    /** An evaluation under way; the thread that computes reads whether it is still wanted. */
    private static final class Work {
        private Evaluate request;
        private volatile boolean cancelled;

        Work(Evaluate request) {
            this.request = request;
        }
    }

    private final ActorContext<Command> context;
    private final Executor compute;
    private @Nullable Work work;
    private @Nullable Evaluate next; // after the one that was cancelled
    private @Nullable EvaluationJob latest;

    private EvaluationNode(ActorContext<Command> context) {
        this.context = context;
        this.compute =
                context.getSystem().dispatchers().lookup(DispatcherSelector.fromConfig("troupe.dispatchers.compute"));
    }

    /** A node that the cluster's runs find. */
    public static Behavior<Command> create() {
        return Behaviors.setup(context -> {
            context.getSystem().receptionist().tell(Receptionist.register(KEY, context.getSelf()));
            return unregistered();
        });
    }

    /** One for whoever starts it. */
    static Behavior<Command> unregistered() {
        return Behaviors.setup(context -> {
            EvaluationNode node = new EvaluationNode(context);
            return Behaviors.receive(Command.class)
                    .onAnyMessage(node::onCommand)
                    .onSignal(PostStop.class, _ -> node.cancel())
                    .build();
        });
    }

    private Behavior<Command> onCommand(Command command) {
        switch (command) {
            case Evaluate request -> onEvaluate(request);
            case Forget(Evaluate request) -> {
                if (work != null && work.request.isOf(request)) {
                    work.cancelled = true;
                }
            }
            case Describe(ActorRef<Described> replyTo) -> replyTo.tell(described());
            case Ended ended -> onEnded(ended);
            default -> throw new IllegalArgumentException("not a command of an evaluation node: " + command);
        }
        return Behaviors.same();
    }

    private Behavior<Command> cancel() {
        Work running = work;
        if (running != null) {
            running.cancelled = true;
        }
        return Behaviors.same();
    }

    private Described described() {
        EvaluationJob job = latest;
        Work running = work;
        return new Described(
                job == null ? null : job.runId(),
                job == null ? null : job.directory(),
                running == null ? null : running.request.order().path());
    }

    private void onEvaluate(Evaluate request) {
        latest = request.job();
        Work running = work;
        if (running == null) {
            start(request);
        } else if (!running.cancelled && running.request.isOf(request)) {
            running.request = request;
        } else {
            next = request;
            running.cancelled = true;
        }
    }

    private void start(Evaluate request) {
        Work started = new Work(request);
        work = started;
        ModelEvaluation evaluation = new ModelEvaluation(
                request.job(), request.order(), CorpusOpener.of(context.getSystem()), () -> started.cancelled);
        context.pipeToSelf(
                CompletableFuture.supplyAsync(evaluation::measure, compute),
                (model, failure) -> new Ended(started, model == null ? null : model.orElse(null), failure));
    }

    private void onEnded(Ended ended) {
        Work over = ended.work();
        work = null;
        if (!over.cancelled) {
            answer(over.request, ended);
        }
        Evaluate waiting = next;
        if (waiting != null) {
            next = null;
            start(waiting);
        }
    }

    private void answer(Evaluate request, Ended ended) {
        if (ended.failure() != null) {
            String message = TrainingCoordinator.userMessage(ended.failure());
            context.getLog()
                    .warn("{} could not be evaluated: {}", request.order().path(), message);
            request.replyTo().tell(new NotEvaluated(context.getSelf(), request.order(), message));
            return;
        }
        MeasuredModel model = ended.model();
        if (model != null) {
            context.getLog()
                    .info(
                            "{}: loss {} of {} tokens, {} in {} s",
                            model.path(),
                            model.loss(),
                            model.tokens(),
                            model.scores(),
                            model.seconds());
        }
        request.replyTo().tell(new Evaluated(context.getSelf(), request.order(), model));
    }
}
