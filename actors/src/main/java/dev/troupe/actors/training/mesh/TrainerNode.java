package dev.troupe.actors.training.mesh;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import akka.actor.typed.receptionist.ServiceKey;
import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.actors.training.data.CorpusOpener;
import dev.troupe.actors.training.mesh.TrainerProtocol.Answer;
import dev.troupe.actors.training.mesh.TrainerProtocol.Build;
import dev.troupe.actors.training.mesh.TrainerProtocol.Built;
import dev.troupe.actors.training.mesh.TrainerProtocol.Command;
import dev.troupe.actors.training.mesh.TrainerProtocol.Copied;
import dev.troupe.actors.training.mesh.TrainerProtocol.Describe;
import dev.troupe.actors.training.mesh.TrainerProtocol.Described;
import dev.troupe.actors.training.mesh.TrainerProtocol.EvaluateWindows;
import dev.troupe.actors.training.mesh.TrainerProtocol.Follow;
import dev.troupe.actors.training.mesh.TrainerProtocol.FromCopies;
import dev.troupe.actors.training.mesh.TrainerProtocol.HeldCopy;
import dev.troupe.actors.training.mesh.TrainerProtocol.Leave;
import dev.troupe.actors.training.mesh.TrainerProtocol.LedRun;
import dev.troupe.actors.training.mesh.TrainerProtocol.Lost;
import dev.troupe.actors.training.mesh.TrainerProtocol.NotSaved;
import dev.troupe.actors.training.mesh.TrainerProtocol.Recalled;
import dev.troupe.actors.training.mesh.TrainerProtocol.RecalledStep;
import dev.troupe.actors.training.mesh.TrainerProtocol.Report;
import dev.troupe.actors.training.mesh.TrainerProtocol.Reported;
import dev.troupe.actors.training.mesh.TrainerProtocol.RunEnded;
import dev.troupe.actors.training.mesh.TrainerProtocol.Saved;
import dev.troupe.actors.training.mesh.TrainerProtocol.StepTaken;
import dev.troupe.actors.training.mesh.TrainerProtocol.TakeStep;
import dev.troupe.actors.training.mesh.TrainerProtocol.WindowsEvaluated;
import dev.troupe.actors.transport.DataPlane;
import dev.troupe.model.TroupeException;
import dev.troupe.model.mesh.StepOutcome;
import dev.troupe.model.mesh.checkpoint.ShardFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A node's readiness to train: runs the ranks that it is given and keeps copies of states through a change of epoch. It
 * decides nothing. It is found under {@link #KEY}.
 */
public final class TrainerNode {
    /** Where trainer nodes register. */
    public static final ServiceKey<Command> KEY = ServiceKey.create(Command.class, "trainer-nodes");

    /** Steps of a new epoch after which the copies of the one before are not needed any more. */
    private static final int STEPS_TO_BE_SAFE = 2;

    /** Steps that are remembered: more than a coordinator takes without writing them down. */
    public static final int REMEMBERED_STEPS = 512;

    private record EpochEnded(Build next) implements Command {}

    private record BuildEnded(
            Build order,
            long step,
            @Nullable NodeResources resources,
            @Nullable Throwable failure) implements Command {}

    private record StepEnded(
            TakeStep order,
            @Nullable List<RankHost.Taken> taken,
            @Nullable Throwable failure) implements Command {}

    private record CopyEnded(
            TrainerProtocol.Save order, @Nullable Throwable failure) implements Command {}

    private record SaveEnded(
            TrainerProtocol.Save order,
            @Nullable List<ShardFile> files,
            @Nullable Throwable failure) implements Command {}

    private record EvaluationEnded(
            EvaluateWindows order,
            @Nullable List<RankHost.Evaluation> evaluations,
            @Nullable Throwable failure) implements Command {}

    private final ActorContext<Command> context;
    private final DataPlane plane;
    private final NodeTraits traits;
    private final KnownRun known;
    private final Executor blocking;
    private final List<CopySlots> earlier = new ArrayList<>(); // copies of epochs before
    private @Nullable NodeRanks ranks;
    private @Nullable String runId;
    private int attempt; // of that run
    private CompletableFuture<Void> ended = CompletableFuture.completedFuture(null); // epochs before
    private long latestEpoch;
    private int stepsOfEpoch;
    private long stepsTaken; // of the run, as far as known here
    private final Deque<RecalledStep> remembered = new ArrayDeque<>(); // of runId, oldest first
    private @Nullable LedRun lastLed; // it may be over
    private long fence; // epochs up to this one are over, whoever orders

    private TrainerNode(ActorContext<Command> context, DataPlane plane, NodeTraits traits, KnownRun known) {
        this.context = context;
        this.plane = plane;
        this.traits = traits;
        this.known = known;
        this.lastLed = known.get();
        this.blocking = context.getSystem().dispatchers().lookup(DispatcherSelector.blocking());
    }

    /** A node of which nothing is known but its data plane. */
    public static Behavior<Command> create(DataPlane plane) {
        return create(plane, NodeTraits.here("", "", 0), new KnownRun());
    }

    /**
     * A node that trains through this data plane, which the actor closes at its end.
     *
     * @param traits of its machine
     * @param known run of the cluster, which it keeps up to date
     */
    public static Behavior<Command> create(DataPlane plane, NodeTraits traits, KnownRun known) {
        return Behaviors.setup(context -> {
            context.getSystem().receptionist().tell(Receptionist.register(KEY, context.getSelf()));
            TrainerNode node = new TrainerNode(context, plane, traits, known);
            return Behaviors.receive(Command.class)
                    .onAnyMessage(node::onCommand)
                    .onSignal(PostStop.class, _ -> node.stop())
                    .build();
        });
    }

    private Behavior<Command> onCommand(Command command) {
        switch (command) {
            case Report(ActorRef<Reported> replyTo) -> report(replyTo);
            case Describe(ActorRef<Described> replyTo) -> replyTo.tell(described());
            case Build order -> onBuild(order);
            case EpochEnded(Build next) -> begin(next);
            case BuildEnded ended -> onBuilt(ended);
            case TakeStep order -> onTakeStep(order);
            case StepEnded ended -> onStepEnded(ended);
            case TrainerProtocol.Save order -> onSave(order);
            case CopyEnded ended -> onCopied(ended.order(), ended.failure());
            case SaveEnded ended -> onSaved(ended);
            case EvaluateWindows order -> onEvaluate(order);
            case EvaluationEnded ended -> onEvaluated(ended);
            case Leave(String run) -> onLeave(run);
            case Follow order -> onFollow(order);
            case RunEnded(String run) -> onRunEnded(run);
            default -> throw new IllegalArgumentException("not a trainer's command: " + command);
        }
        return Behaviors.same();
    }

    private void report(ActorRef<Reported> replyTo) {
        List<HeldCopy> held = new ArrayList<>();
        earlier.forEach(slots -> held.addAll(slots.held()));
        if (ranks != null) {
            held.addAll(ranks.held());
        }
        replyTo.tell(new Reported(
                plane.endpoint(),
                traits,
                runId,
                attempt,
                Math.max(latestEpoch, fence),
                held,
                known.get(),
                context.getSelf()));
    }

    private Described described() {
        NodeRanks current = ranks;
        List<Integer> seated =
                current == null ? List.of() : current.epoch().seating().ranksOf(nodeId());
        return new Described(runId, lastLed == null ? null : lastLed.directory(), latestEpoch, stepsTaken, seated);
    }

    private void onBuild(Build order) {
        if (order.epoch() <= Math.max(latestEpoch, fence) || order.fence() < fence) {
            order.replyTo().tell(lost(order.epoch(), "the order is of an epoch that is over"));
            return;
        }
        CompletableFuture<Void> allEnded = endEpoch();
        MeshJob job = order.job();
        if (!job.runId().equals(runId) || job.attempt() != attempt) {
            forgetCopies(allEnded);
            remembered.clear();
        }
        latestEpoch = order.epoch();
        runId = job.runId();
        attempt = job.attempt();
        // What never ends is this node's failure, as the runner sees it.
        Duration patience = Duration.ofSeconds(job.config().train().stepTimeoutSeconds())
                .dividedBy(2); // it gives up after all of it
        context.pipeToSelf(
                allEnded.copy().orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS),
                (_, failure) -> failure instanceof TimeoutException
                        ? new BuildEnded(order, 0, null, new TroupeException("ranks of the epoch before do not end"))
                        : new EpochEnded(order));
    }

    /** Ends the epoch under way; its copies stay. Done when it has ended, and all before it. */
    private CompletableFuture<Void> endEpoch() {
        NodeRanks ending = ranks;
        ranks = null;
        if (ending != null) {
            CompletableFuture<Void> end = ending.end();
            earlier.addAll(ending.copies());
            ended = ended.thenCombine(end.<Void>handle((_, _) -> null), (_, _) -> null); // it was told what failed
        }
        return ended;
    }

    private void begin(Build order) {
        if (order.epoch() != latestEpoch || !order.job().runId().equals(runId)) {
            order.replyTo().tell(lost(order.epoch(), "another epoch began meanwhile, or the run ended"));
            return;
        }
        stepsOfEpoch = 0;
        if (!(order.start() instanceof FromCopies)) {
            forgetCopies();
        }
        try {
            TrainingConfig config = order.job().config();
            Epoch epoch = new Epoch(
                    order.epoch(),
                    order.job(),
                    config,
                    order.job().mesh(),
                    order.seating(),
                    plane,
                    CorpusOpener.of(context.getSystem()));
            NodeRanks building = new NodeRanks(epoch);
            ranks = building;
            Duration timeout = Duration.ofSeconds(config.train().stepTimeoutSeconds());
            CompletableFuture<Long> built = building.build(
                    order.start(),
                    List.copyOf(earlier),
                    rank -> new RankOptimizer(context, order.epoch(), rank, timeout));
            context.pipeToSelf(
                    built.thenCompose(_ -> building.resources()),
                    (resources, failure) ->
                            new BuildEnded(order, failure == null ? built.join() : 0, resources, failure));
        } catch (RuntimeException e) { // of reading the order, or of finding copies
            context.getSelf().tell(new BuildEnded(order, 0, null, e));
        }
    }

    private void onBuilt(BuildEnded ended) {
        Build order = ended.order();
        NodeResources resources = ended.resources();
        if (resources != null && order.epoch() == latestEpoch) {
            stepsTaken = ended.step();
            order.replyTo().tell(new Built(order.epoch(), nodeId(), ended.step(), resources));
        } else {
            order.replyTo().tell(lost(order.epoch(), MeshResults.message(ended.failure())));
        }
    }

    private void onTakeStep(TakeStep order) {
        NodeRanks current = ranksOf(order.epoch(), order.replyTo());
        if (current == null) {
            return;
        }
        stepsOfEpoch++;
        if (stepsOfEpoch == STEPS_TO_BE_SAFE) {
            forgetCopies();
        }
        context.pipeToSelf(
                current.step(order.step(), order.order()), (taken, failure) -> new StepEnded(order, taken, failure));
    }

    private void onStepEnded(StepEnded ended) {
        TakeStep order = ended.order();
        List<RankHost.Taken> taken = ended.taken();
        if (taken == null) {
            order.replyTo().tell(lost(order.epoch(), MeshResults.message(ended.failure())));
            return;
        }
        StepOutcome first = taken.getFirst().outcome();
        stepsTaken = first.updated() ? order.step() + 1 : order.step();
        StepTaken answer = new StepTaken(
                order.epoch(),
                nodeId(),
                order.step(),
                first.loss(),
                first.gradientNorm(),
                first.updated(),
                RankSeconds.mean(taken.stream().map(RankHost.Taken::seconds).toList()));
        remember(order, answer);
        order.replyTo().tell(answer);
    }

    /** Whoever ordered the step may be lost before it has written it down. */
    private void remember(TakeStep order, StepTaken taken) {
        if (taken.updated() && order.epoch() == latestEpoch) {
            while (!remembered.isEmpty() && remembered.getLast().taken().step() >= taken.step()) {
                remembered.removeLast();
            }
            remembered.add(new RecalledStep(order.order(), taken, attempt));
            if (remembered.size() > REMEMBERED_STEPS) {
                remembered.remove();
            }
        }
    }

    /** The ranks of this epoch; none when it is over, which {@code replyTo} is told. */
    private @Nullable NodeRanks ranksOf(long epoch, ActorRef<Answer> replyTo) {
        NodeRanks current = ranks;
        if (current != null && current.epoch().number() == epoch && epoch > fence) {
            return current;
        }
        replyTo.tell(lost(epoch, "the order is of an epoch that is over"));
        return null;
    }

    private void onSave(TrainerProtocol.Save order) {
        NodeRanks current = ranksOf(order.epoch(), order.replyTo());
        if (current != null) {
            NodeRanks.Saving saving = current.save(order.step(), Path.of(order.directory()), blocking);
            context.pipeToSelf(saving.copied(), (_, failure) -> new CopyEnded(order, failure));
            context.pipeToSelf(saving.written(), (files, failure) -> new SaveEnded(order, files, failure));
        }
    }

    private void onCopied(TrainerProtocol.Save order, @Nullable Throwable failure) {
        if (failure == null) { // else nothing is written, either, and that is told
            order.replyTo().tell(new Copied(order.epoch(), nodeId(), order.step()));
        }
    }

    private void onSaved(SaveEnded ended) {
        TrainerProtocol.Save order = ended.order();
        List<ShardFile> files = ended.files();
        order.replyTo()
                .tell(
                        files != null
                                ? new Saved(order.epoch(), nodeId(), order.step(), files)
                                : new NotSaved(
                                        order.epoch(), nodeId(), order.step(), MeshResults.message(ended.failure())));
    }

    private void onEvaluate(EvaluateWindows order) {
        NodeRanks current = ranksOf(order.epoch(), order.replyTo());
        if (current != null) {
            context.pipeToSelf(
                    current.evaluate(order.step(), order.windows()),
                    (evaluations, failure) -> new EvaluationEnded(order, evaluations, failure));
        }
    }

    private void onEvaluated(EvaluationEnded ended) {
        EvaluateWindows order = ended.order();
        List<RankHost.Evaluation> evaluations = ended.evaluations();
        if (evaluations == null) {
            order.replyTo().tell(lost(order.epoch(), MeshResults.message(ended.failure())));
            return;
        }
        RankHost.Evaluation first = evaluations.getFirst();
        order.replyTo()
                .tell(new WindowsEvaluated(
                        order.epoch(),
                        nodeId(),
                        order.step(),
                        first.windows(),
                        first.outcome().loss(),
                        first.outcome().tokens(),
                        first.outcome().seconds()));
    }

    private void onLeave(String run) {
        if (run.equals(runId)) {
            forgetCopies(endEpoch()); // what fails in an end is the rank's own thread's, and was told when it happened
            remembered.clear();
            runId = null;
        }
    }

    private void onFollow(Follow order) {
        if (order.fence() < fence) {
            return; // of a coordinator that is none any more
        }
        fence = order.fence();
        known.set(order.run());
        lastLed = order.run();
        order.replyTo()
                .tell(new Recalled(
                        context.getSelf(),
                        order.fence(),
                        order.run().runId().equals(runId) ? List.copyOf(remembered) : List.of()));
    }

    private void onRunEnded(String run) {
        onLeave(run);
        LedRun led = known.get();
        if (led != null && led.runId().equals(run)) {
            known.set(null);
        }
    }

    private void forgetCopies() {
        forgetCopies(CompletableFuture.completedFuture(null));
    }

    /** Frees the copies as soon as the ranks of an epoch have ended, which may be writing to them. */
    private void forgetCopies(CompletableFuture<Void> ended) {
        List<CopySlots> forgotten = List.copyOf(earlier);
        earlier.clear();
        var _ = ended.whenComplete((_, _) -> forgotten.forEach(CopySlots::close));
    }

    private Behavior<Command> stop() {
        CompletableFuture<Void> allEnded = endEpoch();
        forgetCopies(allEnded);
        var _ = allEnded.whenComplete((_, _) -> plane.close());
        return Behaviors.same();
    }

    private Answer lost(long epoch, String message) {
        return new Lost(epoch, nodeId(), message);
    }

    private String nodeId() {
        return plane.endpoint().nodeId();
    }
}
