package dev.troupe.deploy.run;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigRenderOptions;
import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.actors.training.TrainingSetup;
import dev.troupe.actors.training.TrainingSummary;
import dev.troupe.actors.training.run.DecisionLog;
import dev.troupe.actors.training.run.RunCurve;
import dev.troupe.actors.training.run.RunSpec;
import dev.troupe.deploy.node.MetricsEndpoint;
import dev.troupe.deploy.node.NodeRemovedException;
import dev.troupe.deploy.node.RunCurves;
import dev.troupe.deploy.node.TroupeNode;
import dev.troupe.deploy.progress.ProgressDisplay;
import dev.troupe.model.TroupeException;
import dev.troupe.model.report.LossChart;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/** A run in a folder: its text becomes tokens, its configuration is kept, the actors train. */
public final class TrainingLauncher {
    private static final String CONFIG_FILE = "run.conf";

    /** A training of its own opens a port only where it is told which. */
    private static final String METRICS_PORT = "troupe.node.metricsPort";

    private TrainingLauncher() {}

    /**
     * Prepares the text and trains, in an actor system that ends with the run.
     *
     * @param overrides what the user sets; kept in the folder for {@code --resume}
     * @throws TroupeException when something about the input is wrong, or the run fails
     */
    public static TrainingSummary train(RunDirectory run, Config overrides, boolean resume, ProgressDisplay display) {
        TrainingConfig config = TrainingConfig.from(overrides);
        requireFresh(run, resume);
        Corpus corpus = Corpus.prepare(config.data(), run, display);
        saveConfig(run, overrides);
        TroupeNode node = startNode(config, nodeConfig(overrides, run), nodesOf(run, resume), display);
        try (MetricsEndpoint metrics = MetricsEndpoint.start(
                node.config(), overrides.hasPath(METRICS_PORT) ? overrides.getInt(METRICS_PORT) : -1)) {
            metrics.serve("/run", new RunCurves(() -> Optional.of(run.root())));
            metrics.url().ifPresent(url -> display.note("metrics " + url + ", the run's curve at /run"));
            String attempt = UUID.randomUUID().toString();
            boolean resumes = resume;
            while (true) {
                try {
                    return train(node, run, config, corpus, resumes, attempt, display);
                } catch (NodeRemovedException e) {
                    if (node.endsWhenRemoved()) {
                        throw new TroupeException(
                                "the cluster has removed this node; the others go on with the run if there are enough of them:"
                                        + " 'train --resume' joins them again",
                                e);
                    }
                    node = node.again();
                    node.startTrainer();
                    display.note(TroupeNode.AGAIN + "; the others go on if there are enough of them");
                    resumes = true; // another may have trained it to its end meanwhile
                }
            }
        } finally {
            node.close();
        }
    }

    /**
     * A run that is split needs a cluster, of which this process is a trainer node, too; another needs this process.
     */
    private static TroupeNode startNode(
            TrainingConfig config, Config nodeConfig, List<String> others, ProgressDisplay display) {
        if (!config.mesh().isSplit()) {
            return TroupeNode.startAlone(nodeConfig);
        }
        TroupeNode node = TroupeNode.startIn(nodeConfig, others);
        try {
            node.startTrainer();
        } catch (RuntimeException e) {
            node.close();
            throw e;
        }
        if (config.mesh().nodes() > 1) {
            display.note("waiting for " + config.mesh().nodes() + " trainer nodes; others join with"
                    + " -Dakka.cluster.seed-nodes.0=" + node.address());
        }
        return node;
    }

    /** Nodes that train this run now, as far as is recorded: whoever wants to go on with it joins them. */
    private static List<String> nodesOf(RunDirectory run, boolean resume) {
        return resume
                ? DecisionLog.latest(run.root()).stream()
                        .filter(history -> history.ended() == null)
                        .flatMap(history -> history.nodes().stream())
                        .map(node -> "akka://" + node)
                        .toList()
                : List.of();
    }

    /** Trains on a prepared corpus, in a node that is there already. */
    public static TrainingSummary train(
            TroupeNode node,
            RunDirectory run,
            TrainingConfig config,
            Corpus corpus,
            boolean resume,
            ProgressDisplay display) {
        return train(node, run, config, corpus, resume, UUID.randomUUID().toString(), display);
    }

    private static TrainingSummary train(
            TroupeNode node,
            RunDirectory run,
            TrainingConfig config,
            Corpus corpus,
            boolean resume,
            String attempt,
            ProgressDisplay display) {
        display.stage("Training");
        TrainingSetup setup = new TrainingSetup(
                runId(run),
                run.root(),
                config,
                config.model().withVocabulary(corpus.tokenizer().vocabSize()),
                corpus.tokenizer(),
                corpus.tokens().train().directory(),
                corpus.tokens().heldOut().directory(),
                resume);
        TrainingSession.Beginning beginning = config.mesh().isSplit()
                ? listener -> node.trainOnCluster(RunSpec.of(setup, run.tokenizer(), attempt), listener)
                : listener -> node.train(setup, listener);
        TrainingSummary summary = TrainingSession.run(node, beginning, display);
        RunCurve.View view = RunCurve.read(run.metrics());
        RunEvaluation.writeFile(
                run.curve(),
                LossChart.svg(
                        RunPages.curve(summary, view),
                        RunPages.shadow(view),
                        "Run " + run.root().getFileName()));
        RunPages.write(run, corpus, config, summary, view, null);
        display.note(String.format(
                Locale.ROOT,
                "%,d steps, %,d tokens at %,.0f tokens/s; training loss %.4f%s",
                summary.steps(),
                summary.tokens(),
                summary.tokensPerSecond(),
                summary.trainLoss(),
                validation(summary, view)));
        return summary;
    }

    private static String validation(TrainingSummary summary, RunCurve.View view) {
        Double loss = summary.valLoss();
        if (loss == null) {
            return "";
        }
        String text = String.format(Locale.ROOT, ", validation loss %.4f", loss);
        return view.shadow().isEmpty()
                ? text
                : text + ", "
                        + EvaluationNotes.gap(loss, view.shadow().getLast().valLoss());
    }

    /** The configuration that the run in this folder was started with; empty when there was none. */
    public static Config savedConfig(RunDirectory run) {
        Path file = run.root().resolve(CONFIG_FILE);
        if (!Files.exists(file)) {
            throw new TroupeException("there is no run to resume in " + run.root() + " (no " + CONFIG_FILE
                    + "): name its folder with --out, or start one with --config");
        }
        try {
            return ConfigFactory.parseFile(file.toFile());
        } catch (ConfigException e) {
            throw new TroupeException(file + " cannot be read: " + e.getMessage() + "; give --config instead", e);
        }
    }

    private static void saveConfig(RunDirectory run, Config overrides) {
        Path file = run.root().resolve(CONFIG_FILE);
        String text = overrides
                .root()
                .render(ConfigRenderOptions.defaults().setOriginComments(false).setJson(false));
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new TroupeException("cannot write " + file + ": " + e + "; is the disk full?", e);
        }
    }

    /** A new run must not mix its checkpoints with those of another. */
    private static void requireFresh(RunDirectory run, boolean resume) {
        if (resume || !Files.isDirectory(run.checkpoints())) {
            return;
        }
        try (Stream<Path> checkpoints = Files.list(run.checkpoints())) {
            if (checkpoints.findAny().isPresent()) {
                throw new TroupeException(
                        "the folder " + run.root()
                                + " has checkpoints of a run already: go on with --resume, or choose another folder with --out");
            }
        } catch (IOException e) {
            throw new TroupeException("cannot read " + run.checkpoints() + ": " + e, e);
        }
    }

    private static Config nodeConfig(Config overrides, RunDirectory run) {
        Config node = ConfigFactory.parseString("troupe.node.roles = [trainer]")
                .withFallback(ConfigFactory.parseMap(
                        Map.of("troupe.node.directory", run.root().toString())));
        return node.withFallback(systemKeys(overrides));
    }

    /** What of a run's configuration concerns the actor system: short keys such as train.steps are the run's alone. */
    public static Config systemKeys(Config overrides) {
        Config result = ConfigFactory.empty();
        for (String key : new String[] {"troupe", "akka", "kamon"}) {
            result = overrides.hasPath(key) ? result.withFallback(overrides.withOnlyPath(key)) : result;
        }
        return result;
    }

    private static String runId(RunDirectory run) {
        // Actor names allow few characters.
        return run.root().getFileName().toString().replaceAll("[^A-Za-z0-9_-]", "_");
    }
}
