package dev.troupe.actors.training.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.TinyRun;
import dev.troupe.actors.training.TrainingSetup;
import dev.troupe.actors.training.checkpoint.CheckpointWriter;
import dev.troupe.actors.training.step.StepRunner;
import dev.troupe.actors.training.step.StepRunner.StepDone;
import dev.troupe.actors.transport.DataPlane;
import dev.troupe.actors.transport.Endpoint;
import dev.troupe.model.data.DataPosition;
import dev.troupe.model.eval.LossCurve;
import dev.troupe.model.format.TrainingState;
import dev.troupe.model.mesh.StepOrder;
import dev.troupe.model.mesh.checkpoint.ShardFile;
import dev.troupe.model.tensor.NativeMemory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Several trainer nodes in one JVM, each with a data plane of its own, so that tensors go through sockets. */
class MeshRunnerTest {
    private static final ActorTestKit KIT = ActorTestKit.create(
            ConfigFactory.parseString("akka.actor.provider = local").withFallback(ConfigFactory.load()));
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int STEPS = 6;
    private static int runs;

    @TempDir
    private Path folder;

    @AfterAll
    static void end() {
        KIT.shutdownTestKit();
    }

    /** A run on some nodes. */
    private final class Run implements AutoCloseable {
        private final Map<String, ActorRef<TrainerProtocol.Command>> nodes = new HashMap<>();
        private final BlockingQueue<MeshEvent> events = new LinkedBlockingQueue<>();
        private final TestProbe<StepRunner.StepResult> results = KIT.createTestProbe();
        private final List<Double> losses = new ArrayList<>();
        private final ActorRef<MeshRunner.Command> runner;
        private int started;

        Run(String mesh, int zero, int numNodes) {
            this(mesh, zero, numNodes, "");
        }

        Run(String mesh, int zero, int numNodes, String settings) {
            this(mesh, zero, numNodes, settings, MeshCheckpoints.NONE, (_, _) -> {});
        }

        Run(
                String mesh,
                int zero,
                int numNodes,
                String settings,
                MeshCheckpoints checkpoints,
                BiConsumer<Run, MeshEvent> listener) {
            String[] axes = mesh.split("x", 3);
            runs++;
            for (int i = 0; i < numNodes; i++) {
                addNode();
            }
            TrainingSetup setup = TinyRun.setup(
                    folder,
                    "run" + runs,
                    false,
                    "compute.backend = vector, train { batch = 2, accumulation = 2, threads = 1 }, mesh { data = "
                            + axes[0]
                            + ", tensor = " + axes[1] + ", pipeline = " + axes[2] + ", zero = " + zero + ", nodes = "
                            + numNodes + " }, " + settings);
            MeshJob job = TinyRun.job(setup);
            runner = KIT.spawn(MeshRunner.create(job, MeshStart.fresh(), checkpoints, event -> {
                listener.accept(this, event);
                events.add(event);
            }));
        }

        void addNode() {
            addNode("node" + runs + "-" + started++);
        }

        private void addNode(String name) {
            addNode(name, identity(name));
        }

        static String identity(String node) {
            return "machine of " + node;
        }

        void addNode(String name, String identity) {
            nodes.put(
                    name,
                    KIT.spawn(TrainerNode.create(
                            DataPlane.open(name, "127.0.0.1", 0), NodeTraits.here(identity, "", 0), new KnownRun())));
        }

        void kill(String node) {
            KIT.stop(nodes.remove(node), PATIENCE);
        }

        void begin() {
            runner.tell(new MeshWork.Run(new StepRunner.RunStep(
                    losses.size(), StepOrder.regular(losses.size(), 2, 1e-2), results.getRef())));
        }

        void await() {
            if (results.receiveMessage(PATIENCE) instanceof StepDone done) {
                losses.add(done.loss());
            } else {
                throw new AssertionError("the step diverged");
            }
        }

        /** Awaits the step, and those until a loss is noticed: it may have been taken before the node was lost. */
        void awaitRecovery() {
            await();
            while (recoveries().isEmpty()) {
                train(1);
            }
        }

        /** The next one. */
        MeshEvent event() throws InterruptedException {
            MeshEvent next = events.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(next).as("something happens to the mesh").isNotNull();
            return Objects.requireNonNull(next);
        }

        List<Double> train(int steps) {
            for (int i = 0; i < steps; i++) {
                begin();
                await();
            }
            return losses;
        }

        String aSeat(int rank) throws InterruptedException {
            MeshEvent event = event();
            return switch (event) {
                case MeshEvent.Seated seated -> seated.seating().of(rank).nodeId();
                case MeshEvent.Recovered recovered ->
                    recovered.seating().of(rank).nodeId();
                case MeshEvent.NodeFailed _, MeshEvent.OtherMesh _, MeshEvent.CheckpointDamaged _ ->
                    throw new AssertionError(event);
            };
        }

        /** Those that were not asked for yet. */
        List<MeshEvent.Recovered> recoveries() {
            return events.stream()
                    .filter(MeshEvent.Recovered.class::isInstance)
                    .map(MeshEvent.Recovered.class::cast)
                    .toList();
        }

        MeshEvent.Recovered recovered() throws InterruptedException {
            return (MeshEvent.Recovered) event();
        }

        @Override
        public void close() {
            KIT.stop(runner, PATIENCE);
            nodes.values().forEach(node -> KIT.stop(node, PATIENCE));
        }
    }

    @ParameterizedTest
    @CsvSource({"2x1x1,0,2", "2x1x1,3,2", "1x2x1,0,2", "1x1x2,0,2", "2x1x2,1,3", "2x2x1,2,1"})
    void nodesTakeTheStepsOfOneRank(String mesh, int zero, int numNodes) {
        List<Double> one;
        try (Run run = new Run("1x1x1", 0, 1)) {
            one = run.train(STEPS);
        }
        try (Run run = new Run(mesh, zero, numNodes)) {
            List<Double> many = run.train(STEPS);
            for (int i = 0; i < STEPS; i++) {
                assertThat(Math.abs(many.get(i) - one.get(i)) / one.get(i)).isLessThan(1e-5);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"2x1x1,0", "2x1x1,3", "1x2x1,0", "1x1x2,0", "2x1x2,1"})
    void aLostNodeChangesNoNumber(String mesh, int zero) throws Exception {
        List<Double> undisturbed;
        try (Run run = new Run(mesh, zero, 3)) {
            undisturbed = run.train(STEPS);
        }
        try (Run run = new Run(mesh, zero, 3)) {
            run.train(2);
            String victim = run.aSeat(0);
            run.begin();
            run.kill(victim);
            run.await();
            run.train(1);
            assertThat(run.event()).isInstanceOf(MeshEvent.NodeFailed.class);
            MeshEvent.Recovered recovered = run.recovered();
            assertThat(recovered.lost()).containsExactly(victim);
            assertThat(recovered.step())
                    .as("no step but the one under way is taken again")
                    .isBetween(2L, 3L);
            run.addNode();
            run.kill(run.nodes.keySet().iterator().next());
            assertThat(run.train(STEPS - 4)).isEqualTo(undisturbed);
        }
    }

    @ParameterizedTest
    @CsvSource({"2x1x1,0", "1x1x2,0"})
    void aNodeThatComesLaterTakesARankFromOneThatHasTwo(String mesh, int zero) throws Exception {
        List<Double> undisturbed;
        try (Run run = new Run(mesh, zero, 2)) {
            undisturbed = run.train(STEPS);
        }
        try (Run run = new Run(mesh, zero, 2)) {
            run.train(1);
            String victim = run.aSeat(0);
            run.begin();
            run.kill(victim);
            run.awaitRecovery();
            assertThat(run.event()).isInstanceOf(MeshEvent.NodeFailed.class);
            assertThat(run.recovered().seating().nodes()).hasSize(1);
            run.addNode();
            while (run.events.isEmpty() && run.losses.size() < undisturbed.size()) {
                run.train(1);
                Thread.sleep(50); // for the node to be found
            }
            MeshEvent.Recovered moved = run.recovered();
            assertThat(moved.seating().nodes()).hasSize(2);
            assertThat(moved.lost()).isEmpty();
            assertThat(run.train(STEPS - run.losses.size())).isEqualTo(undisturbed);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aNodeThatFailsAgainAndAgainGetsNoRanksAnyMore(boolean hasOneAddress) throws Exception {
        try (Run run = new Run("2x1x1", 0, 3)) {
            run.train(1);
            String victim = run.aSeat(0);
            String identity = Run.identity(victim);
            for (int failure = 1; failure <= 3; failure++) {
                run.begin();
                run.kill(victim);
                run.awaitRecovery();
                int count = failure;
                assertThat(run.event()).isInstanceOfSatisfying(MeshEvent.NodeFailed.class, failed -> {
                    assertThat(failed.failure().node()).isEqualTo(identity);
                    assertThat(failed.failures()).isEqualTo(count);
                    assertThat(failed.isExcluded()).isEqualTo(count == 3);
                });
                assertThat(run.recovered().lost()).containsExactly(victim);
                String other = run.nodes.keySet().iterator().next();
                String again = hasOneAddress ? victim : "again" + failure + "-" + runs;
                run.addNode(again, identity);
                run.begin();
                run.kill(other); // so that ranks need a node
                run.awaitRecovery();
                run.event();
                Seating seating = run.recovered().seating();
                assertThat(seating.nodes().stream().map(Endpoint::nodeId).anyMatch(again::equals))
                        .isEqualTo(count < 3);
                run.addNode();
                victim = again;
            }
        }
    }

    /** A node without a rank is found and gets one while the states of the first are on their way to another. */
    @ParameterizedTest
    @CsvSource({"0", "1"})
    void aSecondNodeIsLostWhileTheFirstIsRecoveredFrom(int zero) throws Exception {
        List<Double> undisturbed;
        try (Run run = new Run("2x1x2", zero, 4)) {
            undisturbed = run.train(STEPS);
        }
        AtomicReference<Optional<String>> next = new AtomicReference<>(Optional.empty());
        BiConsumer<Run, MeshEvent> second = (run, event) -> {
            if (event instanceof MeshEvent.NodeFailed) {
                next.getAndSet(Optional.empty()).ifPresent(run::kill); // new seats are decided, but not told
            }
        };
        try (Run run = new Run("2x1x2", zero, 4, "", MeshCheckpoints.NONE, second)) {
            run.train(2);
            MeshEvent.Seated seated = (MeshEvent.Seated) run.event();
            String first = seated.seating().of(0).nodeId();
            next.set(Optional.of(seated.seating().of(2).nodeId())); // not where copies of the first one's state are
            run.begin();
            run.kill(first);
            run.await();
            run.train(STEPS - 3);

            assertThat(run.losses).isEqualTo(undisturbed);
            assertThat(run.nodes).hasSize(2);
            List<MeshEvent> events = List.copyOf(run.events);
            assertThat(events)
                    .filteredOn(MeshEvent.NodeFailed.class::isInstance)
                    .hasSize(2);
            assertThat(events)
                    .filteredOn(MeshEvent.Recovered.class::isInstance)
                    .as("one recovery from both")
                    .singleElement(InstanceOfAssertFactories.type(MeshEvent.Recovered.class))
                    .satisfies(recovered -> assertThat(recovered.step())
                            .as("no step but the one under way is taken again")
                            .isBetween(2L, 3L));
        }
    }

    @Test
    void copiesOfEveryThirdStepCostUpToThreeSteps() throws Exception {
        List<Double> undisturbed;
        try (Run run = new Run("2x1x1", 1, 3)) {
            undisturbed = run.train(10);
        }
        try (Run run = new Run("2x1x1", 1, 3, "mesh.copyEverySteps = 3")) {
            run.train(5);
            run.kill(run.aSeat(1));
            run.train(1);
            assertThat(run.event()).isInstanceOf(MeshEvent.NodeFailed.class);
            assertThat(run.recovered().step()).isEqualTo(3);

            run.addNode();
            run.train(2); // in this epoch copies are of steps 3 and 6
            run.kill(run.nodes.keySet().iterator().next()); // with a rank, or the spare one
            run.train(2);
            assertThat(run.losses).isEqualTo(undisturbed);
            assertThat(run.recoveries())
                    .allSatisfy(again -> assertThat(again.step()).isEqualTo(6));
        }
    }

    /** Roundings of operands to eight bits make more of other orders of sums than float32 does. */
    @ParameterizedTest
    @CsvSource({"2x1x1,1,5e-4", "1x2x1,0,5e-4", "1x1x2,0,0"})
    void nodesTakeTheStepsOfOneRankInBf16(String mesh, int zero, double tolerance) {
        String bf16 = "train.precision = bf16";
        List<Double> one;
        try (Run run = new Run("1x1x1", 0, 1, bf16)) {
            one = run.train(10);
        }
        try (Run run = new Run(mesh, zero, 2)) {
            assertThat(run.train(10)).as("it is another arithmetic").isNotEqualTo(one);
        }
        try (Run run = new Run(mesh, zero, 3, bf16)) {
            run.train(4);
            run.begin();
            run.kill(run.nodes.keySet().iterator().next());
            run.await();
            List<Double> many = run.train(5);
            double worst = 0;
            for (int i = 0; i < many.size(); i++) {
                worst = Math.max(worst, Math.abs(many.get(i) - one.get(i)) / one.get(i));
            }
            assertThat(worst).isLessThanOrEqualTo(tolerance);
        }
    }

    /** Files are on the disk, but the manifest is not, when all nodes are lost. */
    @Test
    void aCheckpointThatBecomesWholeWhileStepsBeforeItAreTakenAgain() {
        List<Double> undisturbed;
        try (Run run = new Run("2x1x1", 0, 2)) {
            undisturbed = run.train(STEPS);
        }
        CompletableFuture<TrainingState> asked = new CompletableFuture<>();
        CompletableFuture<Path> published = new CompletableFuture<>();
        MeshCheckpoints slow = new MeshCheckpoints() {
            @Override
            public CompletionStage<Path> begin(long step) {
                return CompletableFuture.completedFuture(folder);
            }

            @Override
            public CompletionStage<Path> publish(TrainingState training, Collection<ShardFile> files) {
                asked.complete(training);
                return published;
            }

            @Override
            public CompletionStage<TrainingState> requireWhole(Path checkpoint) {
                return asked;
            }
        };
        BiConsumer<Run, MeshEvent> publishing = (_, event) -> {
            if (event instanceof MeshEvent.Recovered) {
                published.complete(folder);
            }
        };
        try (Run run = new Run("2x1x1", 0, 2, "", slow, publishing)) {
            run.train(3);
            run.runner.tell(new MeshWork.Save(new CheckpointWriter.Save(
                    new TrainingState(3, new DataPosition(6, 7), 0, LossCurve.empty(), Map.of()),
                    KIT.<CheckpointWriter.Answer>createTestProbe().getRef())));
            asked.orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
            List.copyOf(run.nodes.keySet()).forEach(run::kill);
            run.addNode();
            run.addNode();
            assertThat(run.train(STEPS - 3)).isEqualTo(undisturbed);
            assertThat(published).isDone();
        }
    }

    @Test
    void nothingIsLeftBehind() throws Exception {
        try (Run run = new Run("2x1x1", 1, 2)) {
            run.train(2);
        }
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (NativeMemory.snapshot().values().stream().anyMatch(bytes -> bytes != 0)) {
            assertThat(System.nanoTime())
                    .as("native memory %s", NativeMemory.snapshot())
                    .isLessThan(end);
            Thread.sleep(20);
        }
    }
}
