package dev.troupe.actors.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.checkpoint.CheckpointSink;
import dev.troupe.actors.training.run.MetricsFile;
import dev.troupe.actors.training.run.MetricsLine;
import dev.troupe.actors.training.run.RunDirectory;
import dev.troupe.model.TroupeException;
import dev.troupe.model.tensor.TensorArena;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingCoordinatorTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    /** Long enough to be interrupted on any machine. */
    private static final String LONGER = "train.steps = 120";

    private static final String HALF_A_MINUTE = "train { steps = 0, minutes = 0.5 }";

    private static final ActorTestKit KIT = kit();

    @TempDir
    Path root;

    private static ActorTestKit kit() {
        return ActorTestKit.create(
                "training-test",
                ConfigFactory.parseString("akka.coordinated-shutdown.exit-jvm = off")
                        .withFallback(ConfigFactory.load()));
    }

    @AfterAll
    static void stop() {
        KIT.shutdownTestKit();
    }

    @Test
    void lossFallsAndTheRunLeavesItsFiles() throws IOException {
        List<TrainingEvent> events = run(KIT, TinyRun.setup(root, "run", false, ""));

        TrainingSummary summary = completed(events);
        assertThat(summary.steps()).isEqualTo(30);
        assertThat(summary.tokens()).isEqualTo(30 * 4 * 16);
        List<MetricsLine.Step> steps = steps(root.resolve("run"));
        assertThat(steps).hasSize(30);
        assertThat(summary.trainLoss()).isLessThan(steps.getFirst().loss() - 0.5);
        assertThat(summary.valLoss()).isNotNull().isLessThan(steps.getFirst().loss() - 0.5);
        assertThat(Path.of(summary.checkpoint())).isDirectory().hasFileName("step-00000030");
        assertThat(Files.readString(root.resolve("run/summary.json"))).contains("\"valLoss\"");
        assertThat(events)
                .filteredOn(TrainingEvent.CheckpointWritten.class::isInstance)
                .hasSizeGreaterThan(1);
        assertThat(events).filteredOn(TrainingEvent.Evaluated.class::isInstance).hasSizeGreaterThan(1);
    }

    @Test
    void theSameSeedGivesTheSameLossesBitForBit() {
        run(KIT, TinyRun.setup(root, "a", false, "train.accumulation = 2"));
        run(KIT, TinyRun.setup(root, "b", false, "train { accumulation = 2, threads = 1 }"));
        run(KIT, TinyRun.setup(root, "c", false, "train { accumulation = 2, seed = 8 }"));

        assertThat(losses("b")).isEqualTo(losses("a"));
        assertThat(losses("c")).isNotEqualTo(losses("a"));
    }

    @Test
    void stopAndResumeEndsInTheSameWeights() throws IOException {
        run(KIT, TinyRun.setup(root, "whole", false, LONGER));

        TestProbe<TrainingEvent> probe = KIT.createTestProbe();
        ActorRef<TrainingCoordinator.Command> coordinator =
                KIT.spawn(TrainingCoordinator.create(TinyRun.setup(root, "parts", false, LONGER), probe.getRef()));
        awaitStep(probe, 12);
        coordinator.tell(new TrainingCoordinator.Stop());
        TrainingSummary stopped = completed(untilEnd(probe));
        probe.expectTerminated(coordinator, PATIENCE);
        assertThat(stopped.steps()).isBetween(12L, 119L);
        assertThat(stopped.valLoss()).isNull();
        List<TrainingEvent> resumed = run(KIT, TinyRun.setup(root, "parts", true, LONGER));

        assertThat(resumed.getFirst())
                .isInstanceOfSatisfying(
                        TrainingEvent.Started.class,
                        it -> assertThat(it.fromStep()).isEqualTo(stopped.steps()));
        assertSameEnd("parts", "whole");
    }

    @Test
    void aKilledRunGoesOnFromItsLastCheckpointToTheSameWeights() throws IOException {
        run(KIT, TinyRun.setup(root, "whole", false, LONGER));

        ActorTestKit doomed = kit();
        TestProbe<TrainingEvent> probe = doomed.createTestProbe();
        doomed.spawn(TrainingCoordinator.create(TinyRun.setup(root, "killed", false, LONGER), probe.getRef()));
        while (!(probe.receiveMessage(PATIENCE) instanceof TrainingEvent.CheckpointWritten)) {
            // the events before it
        }
        doomed.shutdownTestKit();
        awaitUnlocked(root.resolve("killed")); // what was being computed or written in the killed run ends first
        List<TrainingEvent> resumed = run(KIT, TinyRun.setup(root, "killed", true, LONGER));

        assertThat(resumed.getFirst())
                .isInstanceOfSatisfying(
                        TrainingEvent.Started.class,
                        it -> assertThat(it.fromStep()).isBetween(10L, 119L));
        assertSameEnd("killed", "whole");
    }

    @Test
    void aDamagedCheckpointIsPassedOver() throws IOException {
        run(KIT, TinyRun.setup(root, "whole", false, ""));
        Path last = root.resolve("whole/checkpoints/step-00000030/optimizer.safetensors");
        Files.write(last, new byte[] {1, 2, 3});
        List<TrainingEvent> resumed = run(KIT, TinyRun.setup(root, "whole", true, ""));

        assertThat(resumed.getFirst())
                .isInstanceOfSatisfying(
                        TrainingEvent.Started.class,
                        it -> assertThat(it.fromStep()).isBetween(10L, 29L));
        completed(resumed);
    }

    @Test
    void trainingGoesOnWhenACheckpointCannotBeWritten() {
        AtomicLong attempts = new AtomicLong();
        var environment = new TrainingCoordinator.Environment(
                System::nanoTime, sink -> contents -> attempts.incrementAndGet() == 1 ? full() : sink.write(contents));
        List<TrainingEvent> events = run(KIT, TinyRun.setup(root, "run", false, ""), environment);

        assertThat(events)
                .filteredOn(TrainingEvent.CheckpointFailed.class::isInstance)
                .singleElement()
                .satisfies(it -> assertThat(((TrainingEvent.CheckpointFailed) it).message())
                        .contains("disk is full"));
        assertThat(completed(events).steps()).isEqualTo(30);
    }

    @Test
    void aFinalCheckpointThatCannotBeWrittenFailsTheRun() {
        CheckpointSink broken = contents -> full();
        var environment = new TrainingCoordinator.Environment(System::nanoTime, sink -> broken);
        List<TrainingEvent> events = run(KIT, TinyRun.setup(root, "run", false, ""), environment);

        assertThat(events.getLast())
                .isInstanceOfSatisfying(
                        TrainingEvent.Failed.class,
                        it -> assertThat(it.message())
                                .contains("final checkpoint")
                                .contains("disk is full"));
    }

    @Test
    void divergenceNamesTheStepAndKeepsTheCheckpoints() {
        List<TrainingEvent> events = run(
                KIT,
                TinyRun.setup(
                        root,
                        "run",
                        false,
                        "optimizer { learningRate = 100, warmupSteps = 0 }, train.steps = 500, rollback.limit = 0"));

        assertThat(events.getLast())
                .isInstanceOfSatisfying(
                        TrainingEvent.Failed.class,
                        it -> assertThat(it.message())
                                .contains("diverged at step")
                                .contains("optimizer.learningRate"));
        assertThat(losses("run")).as("the lines before the failure are on disk").isNotEmpty();
    }

    @Test
    void aTimeBudgetIsFixedOnceAndMeetsTheClock() {
        List<TrainingEvent> events = run(KIT, TinyRun.setup(root, "run", false, HALF_A_MINUTE), slowClock());

        TrainingSummary summary = completed(events);
        assertThat(fixedSteps(events)).isBetween(100L, 120L);
        assertThat(summary.steps()).isEqualTo(fixedSteps(events));
        assertThat(summary.seconds()).isBetween(27.0, 33.0);
    }

    @Test
    void aResumedRunKeepsTheStepsThatItsTimeBudgetWasWorth() {
        TestProbe<TrainingEvent> probe = KIT.createTestProbe();
        ActorRef<TrainingCoordinator.Command> coordinator = KIT.spawn(TrainingCoordinator.create(
                TinyRun.setup(root, "run", false, HALF_A_MINUTE), probe.getRef(), slowClock()));
        TrainingEvent event = probe.receiveMessage(PATIENCE);
        while (!(event instanceof TrainingEvent.StepsFixed)) {
            event = probe.receiveMessage(PATIENCE);
        }
        coordinator.tell(new TrainingCoordinator.Stop());
        TrainingSummary stopped = completed(untilEnd(probe));
        probe.expectTerminated(coordinator, PATIENCE);
        List<TrainingEvent> resumed = run(KIT, TinyRun.setup(root, "run", true, HALF_A_MINUTE), slowClock());

        assertThat(resumed).noneMatch(TrainingEvent.StepsFixed.class::isInstance);
        assertThat(stopped.totalSteps()).isEqualTo(fixedSteps(List.of(event)));
        assertThat(completed(resumed).steps()).isEqualTo(stopped.totalSteps());
    }

    /** Every reading of the clock is a quarter of a second later than the one before. */
    private static TrainingCoordinator.Environment slowClock() {
        AtomicLong now = new AtomicLong();
        return new TrainingCoordinator.Environment(() -> now.addAndGet(250_000_000L), sink -> sink);
    }

    private static long fixedSteps(List<TrainingEvent> events) {
        return events.stream()
                .filter(TrainingEvent.StepsFixed.class::isInstance)
                .mapToLong(it -> ((TrainingEvent.StepsFixed) it).totalSteps())
                .sum();
    }

    @Test
    void aDirectoryInUseAndASecondRunInItAreRefused() {
        TestProbe<TrainingEvent> probe = KIT.createTestProbe();
        ActorRef<TrainingCoordinator.Command> first = KIT.spawn(
                TrainingCoordinator.create(TinyRun.setup(root, "run", false, "train.steps = 100000"), probe.getRef()));
        awaitStep(probe, 1);
        assertThat(failure(run(KIT, TinyRun.setup(root, "run", false, "")))).contains("in use by process");
        first.tell(new TrainingCoordinator.Stop());
        completed(untilEnd(probe));
        probe.expectTerminated(first, PATIENCE);

        assertThat(failure(run(KIT, TinyRun.setup(root, "run", false, "")))).contains("--resume");
        assertThat(failure(run(KIT, TinyRun.setup(root, "run", true, "train { steps = 100000, seed = 8 }"))))
                .contains("train.seed");
    }

    private static Path full() {
        throw new TroupeException("the disk is full");
    }

    private static List<TrainingEvent> run(ActorTestKit kit, TrainingSetup setup) {
        return run(kit, setup, TrainingCoordinator.Environment.REAL);
    }

    private static List<TrainingEvent> run(
            ActorTestKit kit, TrainingSetup setup, TrainingCoordinator.Environment environment) {
        TestProbe<TrainingEvent> probe = kit.createTestProbe();
        ActorRef<TrainingCoordinator.Command> coordinator =
                kit.spawn(TrainingCoordinator.create(setup, probe.getRef(), environment));
        List<TrainingEvent> events = untilEnd(probe);
        probe.expectTerminated(coordinator, PATIENCE);
        return events;
    }

    private static List<TrainingEvent> untilEnd(TestProbe<TrainingEvent> probe) {
        List<TrainingEvent> events = new ArrayList<>();
        do {
            events.add(probe.receiveMessage(PATIENCE));
        } while (!(events.getLast() instanceof TrainingEvent.Completed
                || events.getLast() instanceof TrainingEvent.Failed));
        return events;
    }

    private static void awaitStep(TestProbe<TrainingEvent> probe, long step) {
        while (!(probe.receiveMessage(PATIENCE) instanceof TrainingEvent.Progress progress
                && progress.step() >= step)) {
            // the events before it
        }
    }

    private static void awaitUnlocked(Path directory) throws IOException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try {
                RunDirectory.lock(directory).close();
                return;
            } catch (TroupeException locked) {
                assertThat(System.nanoTime()).as(locked.getMessage()).isLessThan(deadline);
                Thread.onSpinWait();
            }
        }
    }

    private static TrainingSummary completed(List<TrainingEvent> events) {
        assertThat(events.getLast()).isInstanceOf(TrainingEvent.Completed.class);
        return ((TrainingEvent.Completed) events.getLast()).summary();
    }

    private static String failure(List<TrainingEvent> events) {
        assertThat(events.getLast()).isInstanceOf(TrainingEvent.Failed.class);
        return ((TrainingEvent.Failed) events.getLast()).message();
    }

    private static List<MetricsLine.Step> steps(Path run) {
        return MetricsFile.read(run.resolve("metrics.jsonl")).stream()
                .filter(MetricsLine.Step.class::isInstance)
                .map(MetricsLine.Step.class::cast)
                .toList();
    }

    private List<Double> losses(String run) {
        return steps(root.resolve(run)).stream().map(MetricsLine.Step::loss).toList();
    }

    private void assertSameEnd(String actual, String expected) throws IOException {
        assertThat(losses(actual)).isEqualTo(losses(expected));
        for (String file : List.of("model.safetensors", "optimizer.safetensors")) {
            Path path = Path.of("checkpoints", "step-00000120", file);
            assertThat(Files.mismatch(
                            root.resolve(actual).resolve(path),
                            root.resolve(expected).resolve(path)))
                    .as(file)
                    .isEqualTo(-1);
        }
    }

    @Test
    void aUserIsToldWhatToDoWhereMemoryIsShort() {
        try (TensorArena arena = TensorArena.open("test.short")) {
            Throwable failure = catchThrowable(() -> arena.allocateBytes(1L << 50));
            assertThat(TrainingCoordinator.userMessage(new CompletionException(failure)))
                    .startsWith(
                            "not enough memory for this model: lower train.batch, model.contextLength or model.dim (")
                    .contains("bytes (1073741824 MiB) of memory for test.short");
        }
    }
}
