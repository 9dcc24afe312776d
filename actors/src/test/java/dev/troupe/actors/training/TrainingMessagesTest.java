package dev.troupe.actors.training;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.SerializationTestKit;
import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.checkpoint.CheckpointWriter;
import dev.troupe.actors.training.cluster.ClusterTraining;
import dev.troupe.actors.training.data.DataFeeder;
import dev.troupe.actors.training.data.RunCorpus;
import dev.troupe.actors.training.eval.EvaluationJob;
import dev.troupe.actors.training.eval.EvaluationNode;
import dev.troupe.actors.training.eval.EvaluationOrder;
import dev.troupe.actors.training.eval.Evaluator;
import dev.troupe.actors.training.eval.MeasuredModel;
import dev.troupe.actors.training.exchange.MicroBatchTicket;
import dev.troupe.actors.training.mesh.NodeFailure;
import dev.troupe.actors.training.mesh.NodeResources;
import dev.troupe.actors.training.mesh.Seating;
import dev.troupe.actors.training.optim.OptimizerShard;
import dev.troupe.actors.training.run.Decision;
import dev.troupe.actors.training.run.MetricsLine;
import dev.troupe.actors.training.run.RunJournal;
import dev.troupe.actors.training.run.RunSpec;
import dev.troupe.actors.training.run.RunUtilization;
import dev.troupe.actors.training.stage.PipelineStage;
import dev.troupe.actors.training.step.StepRunner;
import dev.troupe.actors.transport.Endpoint;
import dev.troupe.model.data.DataPosition;
import dev.troupe.model.eval.LossCurve;
import dev.troupe.model.eval.LossSample;
import dev.troupe.model.format.TrainingState;
import dev.troupe.model.mesh.StepOrder;
import dev.troupe.model.optim.UpdateOrder;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every message that may cross a network equals itself after the wire. */
class TrainingMessagesTest {
    private static final ActorTestKit KIT = ActorTestKit.create(
            "messages-test",
            ConfigFactory.parseString("akka.coordinated-shutdown.exit-jvm = off")
                    .withFallback(ConfigFactory.load()));

    private static final RunSpec RUN = new RunSpec(
            "run", "1", "/runs/run", Map.of("train.seed", "7"), 65, "/tokenizer.json", "/train", "/heldOut", false);
    private static final List<NodeResources> NODES =
            List.of(new NodeResources("a", List.of(0, 1), 2, 99.5, new NodeResources.Memory(1, 2, 3, 4, 5, 6)));
    private static final TrainingSummary SUMMARY = new TrainingSummary(
            1, 2, 3, 4.5, null, 6.5, 7.5, "/c", new RunUtilization(0.5, 0.25, 0.125, 0, 1, 2.5, 2.5, "near", NODES));
    private static final EvaluationJob JOB =
            new EvaluationJob("run", "/runs/run", Map.of("train.seed", "7"), 16, new RunCorpus("/heldOut", "2b"));
    private static final EvaluationOrder ORDER = new EvaluationOrder(EvaluationOrder.Kind.SHADOW, 3, "/m", 4, "/n");
    private static final TrainingState STATE = new TrainingState(
            3,
            new DataPosition(6, 7),
            48,
            new LossCurve(1, List.of(new LossSample(1, 16, 4.2, 1)), List.of()),
            Map.of("train.seed", "7"));

    @AfterAll
    static void stop() {
        KIT.shutdownTestKit();
    }

    static Stream<Object> messages() {
        MicroBatchTicket batch = new MicroBatchTicket(5, 1);
        return Stream.of(
                new TrainingCoordinator.Stop(),
                new TrainingEvent.Started("run", 10, 20, 0, 0, null),
                new TrainingEvent.StepsFixed("run", 100, 0.5),
                new TrainingEvent.Progress("run", 1, 2, 3.5, null, 1e-3, 0.7, 99, 100.5, 3.0),
                new TrainingEvent.Evaluated("run", 1, 3.5, 100, 0.5, "a:1", Map.of("perplexity", 33.1)),
                new TrainingEvent.EvaluationFailed("run", 1, "gone"),
                new TrainingEvent.EvaluatorsChanged("run", List.of("a:1")),
                new TrainingEvent.ShadowEvaluated("run", "/m", 10, 4, 3.5),
                new EvaluationNode.Evaluate(JOB, ORDER, ref(EvaluationNode.Answer.class)),
                new EvaluationNode.Forget(new EvaluationNode.Evaluate(JOB, ORDER, ref(EvaluationNode.Answer.class))),
                new EvaluationNode.Describe(ref(EvaluationNode.Described.class)),
                new EvaluationNode.Described("run", "/runs/run", null),
                new EvaluationNode.Evaluated(
                        ref(EvaluationNode.Command.class),
                        ORDER,
                        new MeasuredModel(
                                "/c", 10, 48, 4, 2.5, 64, Map.of("perplexity", 12.2), List.of("text: none"), 0.5)),
                new EvaluationNode.NotEvaluated(ref(EvaluationNode.Command.class), ORDER, "gone"),
                new TrainingEvent.CheckpointWritten("run", "/p", 1, 0.1, 0.2),
                new TrainingEvent.CheckpointFailed("run", 1, "full"),
                new TrainingEvent.NodeExcluded("run", "a:1", 3),
                new TrainingEvent.RolledBack("run", 9, 4, "spike", 0.5, null),
                new TrainingEvent.Reshaped("run", 3, "1x1x1", "no memory"),
                new TrainingEvent.Restarted("run", 9, 4, "damaged", "/c"),
                new TrainingEvent.TasksUnmeasured("run", "nobody does"),
                new TrainingEvent.Seated("run", "near", 0.5, NODES),
                new TrainingEvent.Recovered("run", 3, List.of("b"), "gone", "near", 0.5, NODES),
                new TrainingEvent.Completed("run", SUMMARY),
                new TrainingEvent.Failed("run", "why"),
                new StepRunner.RunStep(1, new StepOrder(1e-3, 4, 2), ref(StepRunner.StepResult.class)),
                new StepRunner.StepDone(1, 2.5, 0.5, new StepRunner.StepTimes(1, 2, 3, 4, 5, 6, 7)),
                new StepRunner.StepDiverged(1, Double.NaN, Double.POSITIVE_INFINITY),
                new DataFeeder.Next(5, ref(DataFeeder.MicroBatchReady.class)),
                new DataFeeder.Release(batch),
                new DataFeeder.MicroBatchReady(batch),
                new PipelineStage.ComputeGradients(
                        batch, true, false, 0.5f, 9, ref(PipelineStage.GradientsComputed.class)),
                new PipelineStage.GradientsComputed(5, 2.5, 7.5, 0.1, 0.01),
                new OptimizerShard.Update(new UpdateOrder(1e-3, 1024, 0.5), ref(OptimizerShard.Updated.class)),
                new OptimizerShard.End(),
                new OptimizerShard.Updated(4, 0.1),
                new Evaluator.Evaluate(1, 4, true, ref(Evaluator.Answer.class)),
                new Evaluator.WeightsCopied(1),
                new Evaluator.Evaluated(1, 2.5, 100, 0.1, 0.01),
                new Evaluator.Refused(1),
                new CheckpointWriter.Save(STATE, ref(CheckpointWriter.Answer.class)),
                new CheckpointWriter.SnapshotTaken(1, 0.1),
                new CheckpointWriter.Written(1, "/p", 0.1),
                new CheckpointWriter.NotWritten(1, "full"),
                new RunJournal.Append(
                        List.of(
                                new MetricsLine.Step(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13),
                                new MetricsLine.Begin(0, 10, 60, NODES),
                                new MetricsLine.Evaluation(1, 2, 3, 4),
                                new MetricsLine.Evaluation(1, 2, 3, 4, "a:1", Map.of("perplexity", 7.4)),
                                new MetricsLine.EvaluationFailure(1, "gone"),
                                new MetricsLine.Shadow(1, "/m", 10, 48, 4, 2.5, 64, 0.5),
                                new MetricsLine.Checkpoint(1, "/p", 2, 3),
                                new MetricsLine.CheckpointFailure(1, "full"),
                                new MetricsLine.StepsFixed(1, 2),
                                new MetricsLine.Reshape(1, "1x1x1", "no memory"),
                                new MetricsLine.Restart(1, 5, "damaged"),
                                new MetricsLine.Rollback(1, 5, "spike", 0.5, 6, 100),
                                new MetricsLine.LossScaled(1, 512),
                                new MetricsLine.Seating(0, 0.5, NODES),
                                new MetricsLine.Recovery(3, List.of("b"), "gone", 0.5, NODES)),
                        ref(RunJournal.Recorded.class)),
                new RunJournal.Summarize(SUMMARY, ref(RunJournal.Recorded.class)),
                new RunJournal.Recorded(null),
                new RunJournal.Decide(new Decision.Led("a:1", RUN)),
                new RunJournal.Decide(new Decision.Seated(
                        3_000_001, 7, new Seating(List.of(new Endpoint("h", 1, "a:1"))), List.of("b:1"), "lost")),
                new RunJournal.Decide(new Decision.NodeFailed(new NodeFailure("b:1", 7))),
                new RunJournal.Decide(new Decision.Ended(SUMMARY, null)),
                new ClusterTraining.Submit(RUN, ref(TrainingEvent.class)),
                new ClusterTraining.Stop("/runs/run"));
    }

    @ParameterizedTest
    @MethodSource("messages")
    void survivesTheWire(Object message) {
        new SerializationTestKit(KIT.system()).verifySerialization(message, true);
    }

    private static <T> ActorRef<T> ref(Class<T> type) {
        return KIT.createTestProbe(type).getRef();
    }
}
