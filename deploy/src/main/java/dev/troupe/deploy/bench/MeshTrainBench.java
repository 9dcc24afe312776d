package dev.troupe.deploy.bench;

import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.actors.training.data.RunCorpus;
import dev.troupe.actors.training.mesh.MeshJob;
import dev.troupe.actors.training.step.StepRunner.StepDone;
import dev.troupe.actors.training.step.StepRunner.StepTimes;
import dev.troupe.deploy.cluster.LocalCluster;
import dev.troupe.deploy.node.MeshClient;
import dev.troupe.model.TroupeException;
import dev.troupe.model.bench.TrainShape;
import dev.troupe.model.bench.TrainSteps;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.mesh.Mesh;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * How fast a mesh on this machine trains, beside one process that uses all of its cores for the same batch: a few steps
 * of one, then of the other, in turns. The process has nothing around its steps, no actors and no copies of its state.
 */
public final class MeshTrainBench {
    private static final Duration STEP = Duration.ofMinutes(10);
    private static final double WARM_UP_SECONDS = 8; // compilation of all kernels takes a few seconds
    private static final double TURN_SECONDS = 2;
    private static final int MICRO_BATCHES_OF_A_PIPELINE = 4;
    private static final int NUM_WORDS = 20_000;

    /**
     * What is measured.
     *
     * @param microBatches of each replica; 0 for 1, or up to 4 where there is a pipeline
     * @param copyEverySteps steps between copies of the state in other nodes' memory
     * @param steps measured steps of each form
     */
    public record Settings(
            TrainShape shape,
            String backend,
            Precision precision,
            List<MeshForm> forms,
            List<Integer> jvms,
            int microBatches,
            int copyEverySteps,
            int steps) {
        public Settings {
            forms = List.copyOf(forms);
            jvms = List.copyOf(jvms);
        }
    }

    /**
     * One form; shares are from 0 to 1 and means over ranks.
     *
     * @param form data x tensor x pipeline, and what is split
     * @param jvms that its ranks are in
     * @param microBatches of each replica
     * @param tokensPerSecond from the median step
     * @param singleTokensPerSecond of the process beside it
     * @param overhead how much longer a step is than the process's: the median over turns
     * @param communicationShare of the step, waiting for other ranks, the bubble included
     * @param copyShare of the time from step to step, copying the state to other nodes
     * @param orderShare of the same, when no rank has anything to do: answers and orders are on their way
     * @param bubble waiting for neighbouring stages, as a share of the micro-batches' time
     * @param bubbleFormula (p-1)/(m+p-1)
     * @param modelFlopsUtilization share of the machine's measured float32 peak
     */
    public record Row(
            String form,
            int jvms,
            int microBatches,
            double tokensPerSecond,
            double singleTokensPerSecond,
            double overhead,
            double communicationShare,
            double copyShare,
            double orderShare,
            double bubble,
            double bubbleFormula,
            double modelFlopsUtilization) {}

    /** All of them; sequences and tokens are those of a step. */
    public record Report(
            String shape,
            int sequences,
            int tokens,
            int cores,
            double peakGflops,
            int copyEverySteps,
            int steps,
            List<Row> rows) {
        public Report {
            rows = List.copyOf(rows);
        }
    }

    private record Turn(double single, double mesh) {}

    private final LocalCluster cluster;
    private final Settings settings;
    private final double peakGflops;
    private final MadeUpCorpus corpus;
    private final TrainSteps single;
    private int runs;

    private MeshTrainBench(LocalCluster cluster, Path folder, Settings settings, double peakGflops, TrainSteps single) {
        this.cluster = cluster;
        this.settings = settings;
        this.peakGflops = peakGflops;
        this.corpus = MadeUpCorpus.of(NUM_WORDS, folder.resolve("data"));
        this.single = single;
    }

    /**
     * Measures every form in every number of JVMs that it has ranks for.
     *
     * @param folder for the nodes' logs and the text
     * @param kernels of the process beside the mesh
     * @param shown hears of each row when it is there
     */
    public static Report run(Path folder, Settings settings, Kernels kernels, double peakGflops, Consumer<Row> shown) {
        try (LocalCluster cluster = LocalCluster.start(folder);
                TrainSteps single = new TrainSteps(settings.shape(), kernels)) {
            return new MeshTrainBench(cluster, folder, settings, peakGflops, single).run(shown);
        }
    }

    private Report run(Consumer<Row> shown) {
        List<Row> rows = new ArrayList<>();
        double singleSeconds = warmUp(step -> single.step());
        for (int jvms : settings.jvms().stream().sorted().toList()) {
            cluster.grow(jvms);
            for (MeshForm form : settings.forms()) {
                if (form.mesh().ranks() >= jvms) {
                    Row row = measure(form, jvms, singleSeconds);
                    rows.add(row);
                    shown.accept(row);
                }
            }
        }
        TrainShape shape = settings.shape();
        return new Report(
                shape.label(),
                shape.batch(),
                shape.tokens(),
                Runtime.getRuntime().availableProcessors(),
                peakGflops,
                settings.copyEverySteps(),
                settings.steps(),
                rows);
    }

    @FunctionalInterface
    private interface Stepper {
        void step(int step);
    }

    /** Seconds of the last step before all is compiled. */
    private static double warmUp(Stepper stepper) {
        long begin = System.nanoTime();
        long start = begin;
        for (int i = 0; i < 3 || start - begin < WARM_UP_SECONDS * 1e9; i++) {
            start = System.nanoTime();
            stepper.step(i);
        }
        return (System.nanoTime() - start) * 1e-9;
    }

    private Row measure(MeshForm form, int jvms, double singleSeconds) {
        int microBatches = microBatches(form.mesh());
        try (MeshClient client = cluster.first().runMesh(job(form, jvms, microBatches), event -> {})) {
            MeshSteps mesh = new MeshSteps(client, form);
            double meshSeconds = warmUp(step -> mesh.step());
            mesh.times.clear();
            int turn = Math.max(1, (int) (TURN_SECONDS / Math.max(meshSeconds, singleSeconds)));
            List<Turn> turns = new ArrayList<>();
            for (int done = 0; done < settings.steps(); done += turn) {
                // Ranks have begun with the step after the last one, beside what is measured next.
                pause(2 * meshSeconds);
                double alone = seconds(turn, step -> single.step());
                mesh.step();
                turns.add(new Turn(alone, seconds(turn, step -> mesh.step())));
            }
            return row(form, jvms, microBatches, turns, mesh.times);
        }
    }

    /** Seconds of a step, the mean of so many. */
    private static double seconds(int steps, Stepper stepper) {
        long start = System.nanoTime();
        for (int i = 0; i < steps; i++) {
            stepper.step(i);
        }
        return (System.nanoTime() - start) * 1e-9 / steps;
    }

    private static void pause(double seconds) {
        try {
            Thread.sleep(Math.round(seconds * 1000));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TroupeException("interrupted", e);
        }
    }

    private static final class MeshSteps {
        private final MeshClient client;
        private final MeshForm form;
        private final List<StepTimes> times = new ArrayList<>();
        private long next;

        MeshSteps(MeshClient client, MeshForm form) {
            this.client = client;
            this.form = form;
        }

        void step() {
            if (!(client.step(next, 1e-3, STEP) instanceof StepDone done)) {
                throw new TroupeException(form.label() + " diverged at step " + next);
            }
            next++;
            times.add(done.times());
        }
    }

    private Row row(MeshForm form, int jvms, int microBatches, List<Turn> turns, List<StepTimes> times) {
        TrainShape shape = settings.shape();
        double tokensPerSecond = shape.tokens()
                / ServeLevels.median(turns.stream().mapToDouble(Turn::mesh).toArray());
        double seconds = 0;
        double forwardBackward = 0;
        double communication = 0;
        double bubble = 0;
        double copies = 0;
        for (StepTimes step : times) {
            seconds += step.forwardBackward() + step.optimizer();
            forwardBackward += step.forwardBackward();
            communication += step.communication();
            bubble += step.bubble();
            copies += step.copies();
        }
        int stages = form.mesh().pipeline();
        double wall =
                times.size() * turns.stream().mapToDouble(Turn::mesh).average().orElseThrow();
        return new Row(
                form.label(),
                jvms,
                microBatches,
                tokensPerSecond,
                shape.tokens()
                        / ServeLevels.median(
                                turns.stream().mapToDouble(Turn::single).toArray()),
                ServeLevels.median(turns.stream()
                                .mapToDouble(turn -> turn.mesh() / turn.single())
                                .toArray())
                        - 1,
                communication / seconds,
                copies / (seconds + copies),
                Math.max(0, 1 - (seconds + copies) / wall),
                bubble / forwardBackward,
                (stages - 1.0) / (microBatches + stages - 1),
                tokensPerSecond * shape.flopsPerToken() / (peakGflops * 1e9));
    }

    /** As asked for, or as many as a pipeline needs and the batch allows. */
    private int microBatches(Mesh mesh) {
        int sequences = settings.shape().batch();
        int wanted = settings.microBatches();
        if (wanted == 0) {
            wanted = mesh.pipeline() == 1 ? 1 : MICRO_BATCHES_OF_A_PIPELINE;
            while (wanted > 1 && sequences % (mesh.data() * wanted) != 0) {
                wanted--;
            }
        }
        return wanted;
    }

    private MeshJob job(MeshForm form, int jvms, int microBatches) {
        TrainShape shape = settings.shape();
        TrainingConfig config =
                TrainingConfig.from(ConfigFactory.parseString(ShapeConfig.of(shape, form, jvms, microBatches)
                        + String.format(
                                Locale.ROOT,
                                """
                        train { steps = 1000000, precision = %s }
                        compute.backend = %s
                        mesh.copyEverySteps = %d
                        """,
                                settings.precision().configName(),
                                settings.backend(),
                                settings.copyEverySteps())));
        runs++;
        return new MeshJob(
                "bench-" + runs,
                0,
                config.values(),
                Math.max(shape.vocab(), corpus.vocabSize()),
                RunCorpus.of(corpus.tokens().train()),
                RunCorpus.of(corpus.tokens().heldOut()));
    }
}
