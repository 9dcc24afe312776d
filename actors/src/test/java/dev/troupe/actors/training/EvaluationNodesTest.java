package dev.troupe.actors.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.eval.EvaluationNode;
import dev.troupe.actors.training.eval.EvaluationOrder;
import dev.troupe.actors.training.eval.MeasuredModel;
import dev.troupe.actors.training.mesh.TrainerNode;
import dev.troupe.actors.training.mesh.TrainerProtocol;
import dev.troupe.actors.training.run.MetricsFile;
import dev.troupe.actors.training.run.MetricsLine;
import dev.troupe.actors.training.run.RunCurve;
import dev.troupe.actors.training.run.RunCurveFile;
import dev.troupe.actors.transport.DataPlane;
import dev.troupe.model.eval.LossSample;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs whose checkpoints are evaluated by evaluation nodes of the same JVM. */
class EvaluationNodesTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final String SETTINGS =
            "compute.backend = vector, eval.windows = 5, train { batch = 2, accumulation = 2, threads = 1 }, ";
    private static final String MESH = SETTINGS + "mesh.data = 2, ";

    private final ActorTestKit kit = ActorTestKit.create(
            "evaluation-nodes-test",
            ConfigFactory.parseString("akka.actor.provider = local, akka.coordinated-shutdown.exit-jvm = off")
                    .withFallback(ConfigFactory.load()));

    @TempDir
    private Path root;

    private int numNodes;

    @AfterEach
    void end() {
        kit.shutdownTestKit();
    }

    private ActorRef<TrainerProtocol.Command> addTrainer() {
        return kit.spawn(TrainerNode.create(DataPlane.open("trainer" + numNodes++, "127.0.0.1", 0)));
    }

    private ActorRef<EvaluationNode.Command> addEvaluationNode() {
        return kit.spawn(EvaluationNode.create());
    }

    /** A node that takes orders and never answers: as one that dies meanwhile. */
    private ActorRef<EvaluationNode.Command> addSilentNode(TestProbe<EvaluationNode.Command> orders) {
        return addNode((node, order) -> orders.getRef().tell(order));
    }

    private ActorRef<EvaluationNode.Command> addNode(
            BiConsumer<ActorRef<EvaluationNode.Command>, EvaluationNode.Command> reaction) {
        Behavior<EvaluationNode.Command> node = Behaviors.setup(context -> {
            context.getSystem().receptionist().tell(Receptionist.register(EvaluationNode.KEY, context.getSelf()));
            return Behaviors.receiveMessage(order -> {
                reaction.accept(context.getSelf(), order);
                return Behaviors.same();
            });
        });
        return kit.spawn(node);
    }

    private TestProbe<TrainingEvent> start(String run, String settings) {
        TestProbe<TrainingEvent> events = kit.createTestProbe();
        start(run, settings, events);
        return events;
    }

    private ActorRef<TrainingCoordinator.Command> start(String run, String settings, TestProbe<TrainingEvent> events) {
        return kit.spawn(TrainingCoordinator.create(TinyRun.setup(root, run, false, settings), events.getRef()));
    }

    private static List<TrainingEvent> untilEnd(TestProbe<TrainingEvent> probe) {
        List<TrainingEvent> events = new ArrayList<>();
        do {
            events.add(probe.receiveMessage(PATIENCE));
            assertThat(events.getLast()).isNotInstanceOf(TrainingEvent.Failed.class);
        } while (!(events.getLast() instanceof TrainingEvent.Completed));
        return events;
    }

    private static TrainingSummary completed(List<TrainingEvent> events) {
        return ((TrainingEvent.Completed) events.getLast()).summary();
    }

    private <T extends MetricsLine> List<T> lines(String run, Class<T> kind) {
        return MetricsFile.read(metrics(run)).stream()
                .filter(kind::isInstance)
                .map(kind::cast)
                .toList();
    }

    private Path metrics(String run) {
        return root.resolve(run).resolve("metrics.jsonl");
    }

    private List<Long> checkpoints(String run) {
        return lines(run, MetricsLine.Checkpoint.class).stream()
                .map(MetricsLine::step)
                .toList();
    }

    private Map<Long, MetricsLine.Evaluation> evaluations(String run) {
        Map<Long, MetricsLine.Evaluation> byStep = new TreeMap<>();
        lines(run, MetricsLine.Evaluation.class)
                .forEach(line -> assertThat(byStep.put(line.step(), line)).isNull());
        return byStep;
    }

    @Test
    void aNodeEvaluatesEachCheckpointAsTheRunItselfWould() throws IOException {
        untilEnd(start("alone", SETTINGS));
        addTrainer();
        addEvaluationNode();
        Path text = Files.writeString(root.resolve("other.txt"), "the cat sees a tree and the dog runs to the tree");
        Path questions = Files.writeString(root.resolve("questions.jsonl"), """
                {"prompt": "the cat", "choices": [" sees", " nnnnnnnn"], "answer": 0}
                {"prompt": "a dog runs ", "choices": ["ggggggggg", "to"], "answer": 1}
                """);
        List<TrainingEvent> events = untilEnd(start(
                "many",
                MESH + "eval.everySteps = 1, eval.tasks = [perplexity, bitsPerByte, contextGain, \"text:" + text
                        + "\", \"choice:" + questions + "\"]"));

        Map<Long, MetricsLine.Evaluation> onNode = evaluations("many");
        assertThat(onNode.keySet())
                .containsExactlyElementsOf(checkpoints("many"))
                .contains(10L, 30L);
        evaluations("alone").forEach((step, own) -> {
            MetricsLine.Evaluation other = onNode.get(step);
            if (other == null) {
                return; // the checkpoint before was still being written
            }
            assertThat(other.valLoss()).isCloseTo(own.valLoss(), within(1e-5));
            assertThat(other.tokens()).isEqualTo(own.tokens());
            assertThat(other.node()).isNotNull();
            assertThat(other.scores())
                    .containsOnlyKeys(
                            "perplexity", "bitsPerByte", "contextGain", "text:other.txt", "choice:questions.jsonl")
                    .containsEntry("perplexity", Math.exp(other.valLoss()));
            // A character is a byte here.
            assertThat(other.scores().get("bitsPerByte")).isCloseTo(other.valLoss() / Math.log(2), within(1e-9));
            assertThat(other.scores().get("text:other.txt")).isBetween(0.1, 10.0);
        });
        assertThat(Objects.requireNonNull(onNode.get(30L)).scores().get("choice:questions.jsonl"))
                .isBetween(0.0, 1.0);
        assertThat(completed(events).valLoss())
                .isEqualTo(Objects.requireNonNull(onNode.get(30L)).valLoss());
        assertThat(events)
                .filteredOn(TrainingEvent.EvaluatorsChanged.class::isInstance)
                .hasSize(1);
        assertThat(events)
                .filteredOn(TrainingEvent.EvaluationFailed.class::isInstance)
                .isEmpty();

        RunCurve.View curve = new RunCurveFile(metrics("many")).read();
        assertThat(curve).usingRecursiveComparison().isEqualTo(RunCurve.read(metrics("many")));
        assertThat(curve.step()).isEqualTo(30);
        assertThat(curve.losses().training()).hasSize(30);
        assertThat(curve.losses().validation()).extracting(LossSample::step).containsExactlyElementsOf(onNode.keySet());
        assertThat(curve.losses().validation().getFirst().tokens()).isEqualTo(curve.tokens() / 3);
        assertThat(curve.speed()).allSatisfy(sample -> {
            assertThat(sample.tokensPerSecond()).isPositive();
            assertThat(sample.communicationShare()).isBetween(0.0, 1.0);
        });
        assertThat(curve.nodes())
                .singleElement()
                .satisfies(node -> assertThat(node.memory().weights()).isPositive());
    }

    @Test
    void tasksThatNobodyMeasuresAreSaid() {
        TestProbe<TrainingEvent> events = kit.createTestProbe();
        ActorRef<TrainingCoordinator.Command> run =
                start("unmeasured", SETTINGS + "train.steps = 1000000, eval.tasks = [perplexity, contextGain]", events);
        TrainingEvent event;
        do {
            event = events.receiveMessage(PATIENCE);
        } while (!(event instanceof TrainingEvent.TasksUnmeasured));
        assertThat(((TrainingEvent.TasksUnmeasured) event).message())
                .contains("contextGain (eval.tasks)")
                .contains("troupe.node.roles=[eval]")
                .doesNotContain("perplexity");
        run.tell(new TrainingCoordinator.Stop());
        untilEnd(events); // its directory goes with the test
    }

    @Test
    void anotherNodeTakesOverWhatALostOneHad() {
        addTrainer();
        TestProbe<EvaluationNode.Command> orders = kit.createTestProbe();
        ActorRef<EvaluationNode.Command> silent = addSilentNode(orders);
        TestProbe<TrainingEvent> events = start("lost", MESH);
        orders.expectMessageClass(EvaluationNode.Evaluate.class, PATIENCE);
        addEvaluationNode();
        kit.stop(silent, PATIENCE);
        untilEnd(events);
        assertThat(evaluations("lost").keySet())
                .containsExactlyElementsOf(checkpoints("lost"))
                .contains(10L, 30L);
        assertThat(evaluations("lost").values())
                .allSatisfy(line -> assertThat(line.node()).isNotNull());
    }

    @Test
    void whatANodeDoesNotKnowOrCannotDoIsNoHarm() {
        addTrainer();
        addNode((node, command) -> {
            if (command instanceof EvaluationNode.Evaluate request) {
                EvaluationOrder order = request.order();
                request.replyTo()
                        .tell(
                                order.kind() == EvaluationOrder.Kind.FINAL
                                        ? new EvaluationNode.NotEvaluated(node, order, "out of memory")
                                        : new EvaluationNode.Evaluated(
                                                node,
                                                order,
                                                new MeasuredModel(
                                                        order.path(), 9, -1, 5, 2.5, 80, Map.of(), List.of(), 0.1)));
            }
        });
        TrainingSummary summary = completed(untilEnd(start("run", MESH)));
        assertThat(evaluations("run").get(10L))
                .extracting(MetricsLine.Evaluation::valLoss)
                .isEqualTo(2.5);
        assertThat(evaluations("run").get(30L)).satisfies(line -> {
            assertThat(line.node()).isNull();
            assertThat(line.valLoss()).isEqualTo(summary.valLoss());
        });
    }

    @Test
    void aRunWhoseOnlyNodeIsLostEvaluatesItselfAndDoesNotWait() {
        addTrainer();
        TestProbe<EvaluationNode.Command> orders = kit.createTestProbe();
        ActorRef<EvaluationNode.Command> silent = addSilentNode(orders);
        TestProbe<TrainingEvent> events = start("last", MESH);
        TrainingEvent event;
        do { // all steps are taken, though no evaluation ends
            event = events.receiveMessage(PATIENCE);
            assertThat(event).isNotInstanceOfAny(TrainingEvent.Failed.class, TrainingEvent.Completed.class);
        } while (!(event instanceof TrainingEvent.CheckpointWritten written && written.step() == 30));
        kit.stop(silent, PATIENCE);
        TrainingSummary summary = completed(untilEnd(events));
        assertThat(summary.valLoss()).isNotNull();
        assertThat(evaluations("last").get(30L)).satisfies(line -> {
            assertThat(line.node()).isNull();
            assertThat(line.valLoss()).isEqualTo(summary.valLoss());
        });
    }

    @Test
    void aRunThatGoesOnHasEvaluatedWhatWasNot() {
        addTrainer();
        String settings = MESH + "eval.everySteps = 0, checkpoint.keep = 10000, train.steps = ";
        TestProbe<TrainingEvent> events = kit.createTestProbe();
        ActorRef<TrainingCoordinator.Command> coordinator = kit.spawn(
                TrainingCoordinator.create(TinyRun.setup(root, "run", false, settings + 1_000_000), events.getRef()));
        while (!(events.receiveMessage(PATIENCE) instanceof TrainingEvent.CheckpointWritten)) {
            // the events before it
        }
        coordinator.tell(new TrainingCoordinator.Stop());
        long stopped = completed(untilEnd(events)).steps();
        assertThat(evaluations("run")).isEmpty();

        addEvaluationNode();
        TestProbe<TrainingEvent> resumed = kit.createTestProbe();
        long end = stopped + 20;
        kit.spawn(TrainingCoordinator.create(TinyRun.setup(root, "run", true, settings + end), resumed.getRef()));
        untilEnd(resumed);
        assertThat(evaluations("run").keySet()).contains(10L, stopped, end);
        assertThat(RunCurve.read(metrics("run")).losses().validation())
                .extracting(LossSample::step)
                .isSorted();
    }

    @Test
    void aShadowIsEvaluatedOnTheSameTextWithAndWithoutNodes() {
        addTrainer();
        List<TrainingEvent> small = untilEnd(start("small", MESH + "model.numLayers = 1, train.steps = 10"));
        String shadow = MESH + "eval.shadow = \"" + root.resolve("small") + "\"";
        TrainingSummary first = completed(small);

        List<TrainingEvent> alone = untilEnd(start("alone", shadow));
        addEvaluationNode();
        List<TrainingEvent> many = untilEnd(start("many", shadow));

        for (String run : List.of("alone", "many")) {
            MetricsLine.Shadow last = lines(run, MetricsLine.Shadow.class).getLast();
            assertThat(last.valLoss()).as(run).isCloseTo(first.valLoss(), within(1e-5));
            assertThat(last.path()).endsWith("step-00000010");
            assertThat(last.parameters()).isPositive();
        }
        assertThat(alone)
                .filteredOn(TrainingEvent.ShadowEvaluated.class::isInstance)
                .isNotEmpty();
        assertThat(many)
                .filteredOn(TrainingEvent.ShadowEvaluated.class::isInstance)
                .isNotEmpty();
    }

    @Test
    void aShadowThatCannotBeComparedIsSaidAndTheRunGoesOn() {
        addTrainer();
        List<TrainingEvent> events = untilEnd(start("run", MESH + "eval.shadow = \"" + root.resolve("none") + "\""));
        assertThat(events)
                .filteredOn(TrainingEvent.EvaluationFailed.class::isInstance)
                .singleElement()
                .satisfies(it -> assertThat(((TrainingEvent.EvaluationFailed) it).message())
                        .contains("does not exist"));
        assertThat(lines("run", MetricsLine.Shadow.class)).isEmpty();
    }
}
