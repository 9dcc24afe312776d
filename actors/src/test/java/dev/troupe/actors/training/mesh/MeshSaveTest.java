package dev.troupe.actors.training.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.TinyRun;
import dev.troupe.actors.training.TrainingSetup;
import dev.troupe.actors.training.checkpoint.CheckpointWriter;
import dev.troupe.actors.training.eval.Evaluator;
import dev.troupe.actors.training.step.StepRunner;
import dev.troupe.actors.transport.DataPlane;
import dev.troupe.model.data.DataPosition;
import dev.troupe.model.eval.LossCurve;
import dev.troupe.model.format.CheckpointStore;
import dev.troupe.model.format.TrainingState;
import dev.troupe.model.mesh.StepOrder;
import dev.troupe.model.mesh.checkpoint.MeshCheckpointStore;
import dev.troupe.model.mesh.checkpoint.ShardFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checkpoints and evaluations of a runner while nodes are lost. */
class MeshSaveTest {
    private static final ActorTestKit KIT = ActorTestKit.create(
            "mesh-save-test",
            ConfigFactory.parseString("akka.actor.provider = local").withFallback(ConfigFactory.load()));
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final double RATE = 1e-2;

    @TempDir
    private Path folder;

    private final Map<String, ActorRef<TrainerProtocol.Command>> nodes = new HashMap<>();
    private final List<MeshEvent> events = new ArrayList<>();
    private final TestProbe<StepRunner.StepResult> steps = KIT.createTestProbe();
    private final TestProbe<CheckpointWriter.Answer> saves = KIT.createTestProbe();
    private final TestProbe<Evaluator.Answer> evaluations = KIT.createTestProbe();

    @AfterAll
    static void end() {
        KIT.shutdownTestKit();
    }

    /** A store on this machine, of which the first checkpoint begins when the test says. */
    private static final class Checkpoints implements MeshCheckpoints {
        private final MeshCheckpointStore store;
        private final TrainingSetup setup;
        private final MeshJob job;
        private final CompletableFuture<Void> mayBegin = new CompletableFuture<>();

        Checkpoints(Path directory, TrainingSetup setup, MeshJob job) {
            this.store = new MeshCheckpointStore(directory, 5);
            this.setup = setup;
            this.job = job;
        }

        @Override
        public CompletionStage<Path> begin(long step) {
            return mayBegin.thenApplyAsync(_ -> store.begin(step));
        }

        @Override
        public CompletionStage<Path> publish(TrainingState training, Collection<ShardFile> files) {
            return CompletableFuture.supplyAsync(() -> store.publish(job.mesh(), setup.tokenizer(), training, files));
        }

        @Override
        public CompletionStage<TrainingState> requireWhole(Path checkpoint) {
            return CompletableFuture.supplyAsync(() -> MeshCheckpointStore.requireWhole(checkpoint, setup.model()));
        }
    }

    private void addNode(String name) {
        nodes.put(name, KIT.spawn(TrainerNode.create(DataPlane.open(name, "127.0.0.1", 0))));
    }

    private void kill(int rank) {
        Seating seating = ((MeshEvent.Seated) events.getFirst()).seating();
        KIT.stop(nodes.remove(seating.of(rank).nodeId()), PATIENCE);
    }

    private double step(ActorRef<MeshRunner.Command> runner, long step) {
        runner.tell(new MeshWork.Run(new StepRunner.RunStep(step, StepOrder.regular(step, 2, RATE), steps.getRef())));
        return steps.expectMessageClass(StepRunner.StepDone.class, PATIENCE).loss();
    }

    private static TrainingState at(long step) {
        return new TrainingState(step, new DataPosition(step * 2, 7), step * 64, LossCurve.empty(), Map.of());
    }

    @Test
    void aNodeThatIsLostMeanwhileCostsNoCheckpoint() {
        for (String name : List.of("a", "b", "c")) {
            addNode(name);
        }
        TrainingSetup setup = TinyRun.setup(
                folder,
                "run",
                false,
                "compute.backend = vector, train { batch = 2, accumulation = 2, threads = 1 },"
                        + " mesh { data = 2, zero = 1, nodes = 2 }");
        MeshJob job = TinyRun.job(setup);
        Checkpoints checkpoints = new Checkpoints(folder.resolve("checkpoints"), setup, job);
        ActorRef<MeshRunner.Command> runner =
                KIT.spawn(MeshRunner.create(job, MeshStart.fresh(), checkpoints, events::add));
        step(runner, 0);
        step(runner, 1);

        runner.tell(new MeshWork.Save(new CheckpointWriter.Save(at(2), saves.getRef())));
        runner.tell(new MeshWork.Evaluate(new Evaluator.Evaluate(2, 4, true, evaluations.getRef())));
        kill(0);
        checkpoints.mayBegin.complete(null);

        assertThat(saves.receiveMessage(PATIENCE)).isInstanceOf(CheckpointWriter.SnapshotTaken.class);
        evaluations.expectMessage(PATIENCE, new Evaluator.WeightsCopied(2));
        double loss = evaluations
                .expectMessageClass(Evaluator.Evaluated.class, PATIENCE)
                .loss();
        CheckpointWriter.Written written = saves.expectMessageClass(CheckpointWriter.Written.class, PATIENCE);
        CheckpointStore.verify(Path.of(written.path()));
        assertThat(events).hasSize(3).last().isInstanceOf(MeshEvent.Recovered.class);
        double next = step(runner, 2);
        KIT.stop(runner, PATIENCE);

        ActorRef<MeshRunner.Command> resumed = KIT.spawn(MeshRunner.create(
                job,
                MeshStart.of(new TrainerProtocol.FromCheckpoint(written.path(), 2)),
                MeshCheckpoints.NONE,
                event -> {}));
        resumed.tell(new MeshWork.Evaluate(new Evaluator.Evaluate(2, 4, true, evaluations.getRef())));
        evaluations.expectMessage(PATIENCE, new Evaluator.WeightsCopied(2));
        assertThat(evaluations
                        .expectMessageClass(Evaluator.Evaluated.class, PATIENCE)
                        .loss())
                .isEqualTo(loss);
        assertThat(step(resumed, 2)).isEqualTo(next);

        resumed.tell(new MeshWork.Save(new CheckpointWriter.Save(at(3), saves.getRef())));
        assertThat(saves.expectMessageClass(CheckpointWriter.NotWritten.class, PATIENCE)
                        .message())
                .isEqualTo("this run keeps no checkpoints");
        KIT.stop(resumed, PATIENCE);
        nodes.values().forEach(node -> KIT.stop(node, PATIENCE));
    }
}
