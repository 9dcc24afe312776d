package dev.troupe.deploy.bench;

import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.actors.training.data.RunCorpus;
import dev.troupe.actors.training.mesh.MeshJob;
import dev.troupe.actors.training.run.RunAssembly;
import dev.troupe.actors.training.step.StepRunner.StepDone;
import dev.troupe.deploy.cluster.LocalCluster;
import dev.troupe.deploy.node.MeshClient;
import dev.troupe.model.TroupeException;
import dev.troupe.model.mesh.Mesh;
import dev.troupe.model.optim.LearningRateSchedule;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * The same steps in every form of parallelism, in one JVM and in several, against one rank: how far losses are apart.
 * The model has grouped heads, dropout and tied embeddings; its text is made up.
 */
public final class MeshEqualityBench {
    private static final Duration STEP = Duration.ofMinutes(5);
    private static final int NUM_WORDS = 4000;

    /** Forms: data x tensor x pipeline, ZeRO stage, layers of a recomputed segment. */
    private static final List<Form> FORMS = List.of(
            new Form("1x1x1", 0, 1),
            new Form("2x1x1", 0, 0),
            new Form("1x2x1", 0, 0),
            new Form("1x1x2", 0, 0),
            new Form("1x1x2", 0, 1),
            new Form("2x2x1", 0, 0),
            new Form("2x1x2", 0, 0),
            new Form("1x2x2", 0, 0),
            new Form("2x2x2", 0, 0),
            new Form("2x1x1", 1, 0),
            new Form("2x1x1", 2, 0),
            new Form("2x1x1", 3, 0),
            new Form("2x1x1", 3, 1),
            new Form("2x2x2", 3, 1));

    private record Form(String mesh, int zero, int recompute) {
        int ranks() {
            return Mesh.parse(mesh).ranks();
        }

        /** Whether no sum is taken in another order: only stages are apart, or are computed again. */
        boolean keepsBits() {
            Mesh split = Mesh.parse(mesh);
            return split.data() == 1 && split.tensor() == 1;
        }

        String label() {
            return mesh + (zero > 0 ? " ZeRO " + zero : "") + (recompute > 0 ? " recomputing" : "");
        }
    }

    /**
     * One form.
     *
     * @param form data x tensor x pipeline, and what else
     * @param jvms that its ranks were in
     * @param maxRelativeLossDifference of any step's loss to that of one rank
     * @param bitIdentical whether all losses have the same bits
     * @param bitsExpected whether they should: only stages are apart, or are computed again
     */
    public record Row(
            String form, int jvms, double maxRelativeLossDifference, boolean bitIdentical, boolean bitsExpected) {
        /** Whether the losses are as near as this form's should be. */
        public boolean isEqual(double tolerance) {
            return maxRelativeLossDifference <= tolerance && (bitIdentical || !bitsExpected);
        }
    }

    /** All of them, after so many steps. */
    public record Report(int steps, List<Row> rows) {
        public Report {
            rows = List.copyOf(rows);
        }
    }

    private final LocalCluster cluster;
    private final int steps;
    private final MadeUpCorpus corpus;
    private int runs;

    private MeshEqualityBench(LocalCluster cluster, Path folder, int steps) {
        this.cluster = cluster;
        this.steps = steps;
        this.corpus = MadeUpCorpus.of(NUM_WORDS, folder.resolve("data"));
    }

    /**
     * Trains every form.
     *
     * @param folder for the nodes' logs and the text
     * @param jvms numbers of JVMs to spread ranks over, ascending
     * @param shown hears of each row when it is there
     */
    public static Report run(Path folder, int steps, List<Integer> jvms, Consumer<Row> shown) {
        try (LocalCluster cluster = LocalCluster.start(folder)) {
            return new MeshEqualityBench(cluster, folder, steps).run(jvms, shown);
        }
    }

    private Report run(List<Integer> jvms, Consumer<Row> shown) {
        List<Row> rows = new ArrayList<>();
        List<Double> one = losses(new Form("1x1x1", 0, 0), 1);
        for (int nodes : jvms) {
            cluster.grow(nodes);
            for (Form form : FORMS) {
                if (form.ranks() >= nodes) {
                    Row row = compare(form, nodes, one, losses(form, nodes));
                    rows.add(row);
                    shown.accept(row);
                }
            }
        }
        return new Report(steps, rows);
    }

    private static Row compare(Form form, int jvms, List<Double> one, List<Double> many) {
        double largest = 0;
        for (int i = 0; i < one.size(); i++) {
            largest = Math.max(largest, Math.abs(many.get(i) - one.get(i)) / Math.abs(one.get(i)));
        }
        return new Row(form.label(), jvms, largest, many.equals(one), form.keepsBits());
    }

    private List<Double> losses(Form form, int jvms) {
        Mesh mesh = Mesh.parse(form.mesh());
        TrainingConfig config = TrainingConfig.from(ConfigFactory.parseString("""
                model { dim = 64, numLayers = 4, numHeads = 4, numKvHeads = 2, ffnDim = 128, contextLength = 32, dropout = 0.1 }
                data { tokenizer = char, text = made-up }
                train { steps = %d, batch = 4, accumulation = 4, seed = 7, threads = 1 }
                optimizer { learningRate = 1e-3, warmupSteps = 5 }
                mesh { data = %d, tensor = %d, pipeline = %d, zero = %d, recomputeLayers = %d, nodes = %d }
                """.formatted(
                        steps, mesh.data(), mesh.tensor(), mesh.pipeline(), form.zero(), form.recompute(), jvms)));
        runs++;
        MeshJob job = new MeshJob(
                "equality-" + runs,
                0,
                config.values(),
                corpus.vocabSize(),
                RunCorpus.of(corpus.tokens().train()),
                RunCorpus.of(corpus.tokens().heldOut()));
        LearningRateSchedule schedule = new LearningRateSchedule(RunAssembly.optimizerOptions(config, steps));
        List<Double> losses = new ArrayList<>();
        try (MeshClient client = cluster.first().runMesh(job, _ -> {})) {
            for (int step = 0; step < steps; step++) {
                if (!(client.step(step, schedule.at(step), STEP) instanceof StepDone done)) {
                    throw new TroupeException(form.label() + " in " + jvms + " JVMs diverged at step " + step);
                }
                losses.add(done.loss());
            }
        }
        return losses;
    }
}
