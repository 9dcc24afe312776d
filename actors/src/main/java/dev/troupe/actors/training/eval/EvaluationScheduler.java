package dev.troupe.actors.training.eval;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.TimerScheduler;
import akka.actor.typed.receptionist.Receptionist;
import dev.troupe.actors.training.eval.EvaluationOrder.Kind;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Has the checkpoints of a run evaluated by the cluster's evaluation nodes, which are as many as there are at the time:
 * what one that is lost had is given to another. Nobody waits for them but a run that is complete, and that only while
 * there is one. It also has the shadow evaluated: by them, or, when there is none, in this process.
 *
 * <p>An order is repeated until it is answered, which costs a node nothing: messages may be lost. When a coordinator is
 * lost with its node, what nodes are at goes on, and the one after it, which orders the same, gets the result; when it
 * ends in order, for one that goes back to an earlier checkpoint, nodes forget its orders.
 */
public final class EvaluationScheduler {
    /** What the scheduler may be told. It is always on the coordinator's node. */
    public sealed interface Command {}

    /** Who hears of the nodes and of what they find out; the first message. */
    public record Begin(ActorRef<Evaluator.Answer> listener) implements Command {}

    /** A checkpoint is whole. */
    public record CheckpointWritten(long step, String path) implements Command {}

    /**
     * The run is complete with this step: its last checkpoint is to be evaluated, whether it is written yet or not. The
     * answer is {@link OnNode}, or without nodes that of the run's own evaluator.
     */
    public record EvaluateFinal(long step, int windows) implements Command {}

    private record NodesFound(Set<ActorRef<EvaluationNode.Command>> reachable) implements Command {}

    private record NodeAnswered(EvaluationNode.Answer answer) implements Command {}

    private record Repeat() implements Command {}

    private record ShadowDue() implements Command {}

    private record NodesDue() implements Command {}

    /** What the run is told, beside the answers of its own evaluator; always on one node. */
    public sealed interface News extends Evaluator.Answer {}

    /** The evaluation nodes that there are now, by address. */
    public record NodesChanged(List<String> nodes) implements News {
        public NodesChanged {
            nodes = List.copyOf(nodes);
        }
    }

    /**
     * No node has shown up that measures the run's tasks.
     *
     * @param tasks names of those that nobody else measures
     */
    public record TasksUnmeasured(long step, List<String> tasks) implements News {
        public TasksUnmeasured {
            tasks = List.copyOf(tasks);
        }
    }

    /**
     * A checkpoint was evaluated.
     *
     * @param node its address
     * @param isFinal whether this is the answer to {@link EvaluateFinal}
     */
    public record OnNode(long step, String node, boolean isFinal, MeasuredModel model) implements News {}

    /**
     * A checkpoint is not evaluated.
     *
     * @param message why, when that is a node's fault; null when there were too many for the nodes that there are
     */
    public record LeftOut(long step, @Nullable String message) implements News {}

    /**
     * The shadow was evaluated.
     *
     * @param step of the run meanwhile
     * @param isFinal whether a run that is complete waits for it
     */
    public record ShadowMeasured(long step, boolean isFinal, MeasuredModel model) implements News {}

    /** The shadow could not be evaluated. */
    public record ShadowFailed(long step, boolean isFinal, String message) implements News {}

    /**
     * Of a run.
     *
     * @param step at which it begins
     * @param windows of an evaluation of a checkpoint
     * @param keep checkpoints that stay on disk
     * @param backlog checkpoints to begin with
     * @param tasks names of those that nodes only measure
     * @param shadow to compare with; null for none
     * @param shadowKnown path of the model that was evaluated as the shadow before; null for none
     * @param own evaluates the run's weights where they are
     */
    public record Settings(
            EvaluationJob job,
            long step,
            int windows,
            int keep,
            List<CheckpointWritten> backlog,
            List<String> tasks,
            @Nullable String shadow,
            @Nullable String shadowKnown,
            ActorRef<Evaluator.Evaluate> own) {
        public Settings {
            backlog = List.copyOf(backlog);
            tasks = List.copyOf(tasks);
        }
    }

    private static final Duration REPEAT = Duration.ofSeconds(3);

    /** How long nodes get to show up before this process does without them. */
    private static final Duration NODES_WAIT = Duration.ofSeconds(2);

    private final ActorContext<Command> context;
    private final TimerScheduler<Command> timers;
    private final Settings settings;
    private final ActorRef<Evaluator.Answer> listener;
    private final ActorRef<EvaluationNode.Answer> answers;
    private final EvaluationQueue<ActorRef<EvaluationNode.Command>> queue;
    private long latestStep;
    private @Nullable EvaluateFinal awaitsCheckpoint;
    private boolean finalShadowDue;
    private @Nullable String shadowKnown;
    private @Nullable ActorRef<EvaluationNode.Command> ownNode; // for the shadow
    private boolean ownNodeBusy;

    private EvaluationScheduler(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            Settings settings,
            ActorRef<Evaluator.Answer> listener) {
        this.context = context;
        this.timers = timers;
        this.settings = settings;
        this.listener = listener;
        this.latestStep = settings.step();
        this.shadowKnown = settings.shadowKnown();
        this.queue = new EvaluationQueue<>(settings.keep());
        this.answers = context.messageAdapter(EvaluationNode.Answer.class, NodeAnswered::new);
        context.getSystem()
                .receptionist()
                .tell(Receptionist.subscribe(
                        EvaluationNode.KEY,
                        context.messageAdapter(
                                Receptionist.Listing.class,
                                listing -> new NodesFound(listing.getServiceInstances(EvaluationNode.KEY)))));
        timers.startTimerWithFixedDelay(new Repeat(), REPEAT);
        if (!settings.tasks().isEmpty()) {
            timers.startSingleTimer(new NodesDue(), NODES_WAIT);
        }
        settings.backlog().forEach(this::onCheckpoint);
        addShadow(new EvaluationOrder(Kind.SHADOW, latestStep, shadow(), settings.windows(), shadowKnown));
    }

    /** A scheduler that waits for {@link Begin}. */
    public static Behavior<Command> create(Settings settings) {
        return Behaviors.setup(context ->
                Behaviors.withTimers((TimerScheduler<Command> timers) -> Behaviors.receive(Command.class)
                        .onMessage(Begin.class, begin -> {
                            EvaluationScheduler scheduler =
                                    new EvaluationScheduler(context, timers, settings, begin.listener());
                            return Behaviors.receive(Command.class)
                                    .onAnyMessage(scheduler::onCommand)
                                    .onSignal(PostStop.class, _ -> scheduler.end())
                                    .build();
                        })
                        .build()));
    }

    private Behavior<Command> onCommand(Command command) {
        switch (command) {
            case Begin _ -> throw new IllegalStateException("the scheduler has begun already");
            case CheckpointWritten written -> onCheckpoint(written);
            case EvaluateFinal wanted -> onFinal(wanted);
            case NodesFound(Set<ActorRef<EvaluationNode.Command>> reachable) -> onNodes(reachable);
            case NodeAnswered(EvaluationNode.Answer answer) -> onAnswer(answer);
            case Repeat _ -> queue.assigned().forEach(this::send);
            case ShadowDue _ -> evaluateShadowHere();
            case NodesDue _ -> {
                if (queue.nodes().isEmpty()) {
                    listener.tell(new TasksUnmeasured(latestStep, settings.tasks()));
                }
            }
        }
        return Behaviors.same();
    }

    private Behavior<Command> end() {
        queue.assigned().forEach((node, order) -> node.tell(new EvaluationNode.Forget(request(order))));
        return Behaviors.same();
    }

    // ---- what is to be evaluated

    private void onCheckpoint(CheckpointWritten written) {
        latestStep = Math.max(latestStep, written.step());
        EvaluateFinal last = awaitsCheckpoint;
        boolean isFinal = last != null && last.step() == written.step();
        if (isFinal) {
            awaitsCheckpoint = null;
        }
        add(
                isFinal && last != null
                        ? new EvaluationOrder(Kind.FINAL, written.step(), written.path(), last.windows(), null)
                        : EvaluationOrder.checkpoint(written.step(), written.path(), settings.windows()));
        if (!isFinal) { // a shadow that is trained beside this run goes on, too
            addShadow(new EvaluationOrder(Kind.SHADOW, written.step(), shadow(), settings.windows(), shadowKnown));
        }
    }

    private void onFinal(EvaluateFinal wanted) {
        finalShadowDue = true;
        addShadow(new EvaluationOrder(Kind.FINAL_SHADOW, wanted.step(), shadow(), wanted.windows(), null));
        if (queue.nodes().isEmpty()) {
            evaluateFinalHere(wanted.step(), wanted.windows());
            return;
        }
        listener.tell(new Evaluator.WeightsCopied(wanted.step())); // they are read from the checkpoint
        awaitsCheckpoint = wanted;
    }

    /** There is no node for it any more, or none that can do it. */
    private void evaluateFinalHere(long step, int windows) {
        settings.own().tell(new Evaluator.Evaluate(step, windows, true, listener));
    }

    private void add(EvaluationOrder order) {
        queue.add(order).ifPresent(dropped -> listener.tell(new LeftOut(dropped.step(), null)));
        assign();
    }

    private String shadow() {
        return settings.shadow() == null ? "" : settings.shadow();
    }

    private void addShadow(EvaluationOrder order) {
        // The run's last word on its shadow is of all windows: one of fewer must not come after it.
        if (settings.shadow() != null && (order.kind().isFinal() || !finalShadowDue)) {
            add(order);
            shadowIsDue();
        }
    }

    private void shadowIsDue() {
        if (!timers.isTimerActive(ShadowDue.class)) {
            timers.startSingleTimer(ShadowDue.class, new ShadowDue(), NODES_WAIT);
        }
    }

    private void evaluateShadowHere() {
        if (!queue.nodes().isEmpty() || ownNodeBusy) {
            return;
        }
        Optional<EvaluationOrder> order = queue.take(Kind::isShadow);
        if (order.isPresent()) {
            ActorRef<EvaluationNode.Command> node = ownNode;
            if (node == null) {
                node = context.spawn(EvaluationNode.unregistered(), "shadow-evaluation");
                ownNode = node;
            }
            ownNodeBusy = true;
            send(node, order.get());
        }
    }

    // ---- by whom

    private void onNodes(Set<ActorRef<EvaluationNode.Command>> reachable) {
        if (!reachable.equals(queue.nodes())) {
            queue.nodes(reachable);
            listener.tell(new NodesChanged(
                    reachable.stream().map(EvaluationScheduler::name).sorted().toList()));
        }
        if (reachable.isEmpty()) {
            EvaluateFinal unwritten = awaitsCheckpoint;
            awaitsCheckpoint = null;
            if (unwritten != null) {
                evaluateFinalHere(unwritten.step(), unwritten.windows());
            }
            queue.take(kind -> kind == Kind.FINAL).ifPresent(order -> evaluateFinalHere(order.step(), order.windows()));
            shadowIsDue();
        }
        assign();
    }

    private void assign() {
        queue.assign().forEach(this::send);
    }

    private void send(ActorRef<EvaluationNode.Command> node, EvaluationOrder order) {
        node.tell(request(order));
    }

    private EvaluationNode.Evaluate request(EvaluationOrder order) {
        return new EvaluationNode.Evaluate(settings.job(), order, answers);
    }

    private static String name(ActorRef<EvaluationNode.Command> node) {
        return node.path().address().hostPort();
    }

    // ---- what came of it

    private void onAnswer(EvaluationNode.Answer answer) {
        EvaluationOrder order = answer.order();
        boolean isOwn = answer.node().equals(ownNode);
        switch (answer) {
            case EvaluationNode.Evaluated evaluated -> {
                if (queue.done(answer.node(), order) || isOwn) {
                    tell(order, name(answer.node()), evaluated.model());
                }
            }
            case EvaluationNode.NotEvaluated not -> {
                if (queue.failed(answer.node(), order) || isOwn) {
                    tellFailure(order, name(answer.node()) + ": " + not.message());
                }
            }
        }
        assign();
        if (isOwn) {
            ownNodeBusy = false;
            evaluateShadowHere(); // there may be one more
        }
    }

    private void tell(EvaluationOrder order, String node, @Nullable MeasuredModel model) {
        if (model == null) {
            return; // it is known already
        }
        boolean isFinal = order.kind().isFinal();
        if (order.kind().isShadow()) {
            if (finalShadowDue && !isFinal) {
                return;
            }
            shadowKnown = isFinal ? shadowKnown : model.path();
            listener.tell(new ShadowMeasured(Math.max(order.step(), latestStep), isFinal, model));
        } else {
            listener.tell(new OnNode(order.step(), node, isFinal, model));
        }
    }

    private void tellFailure(EvaluationOrder order, String message) {
        switch (order.kind()) {
            case CHECKPOINT -> listener.tell(new LeftOut(order.step(), message));
            case FINAL -> evaluateFinalHere(order.step(), order.windows());
            case SHADOW, FINAL_SHADOW ->
                listener.tell(new ShadowFailed(order.step(), order.kind().isFinal(), message));
        }
    }
}
