package dev.troupe.deploy.quickstart;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.registry.Lineage;
import dev.troupe.actors.registry.ModelVersion;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.actors.training.TrainingSummary;
import dev.troupe.deploy.node.Interruption;
import dev.troupe.deploy.node.MetricsEndpoint;
import dev.troupe.deploy.node.RegistryClient;
import dev.troupe.deploy.node.RunCurves;
import dev.troupe.deploy.node.TroupeNode;
import dev.troupe.deploy.progress.ProgressDisplay;
import dev.troupe.deploy.run.Corpus;
import dev.troupe.deploy.run.RunDirectory;
import dev.troupe.deploy.run.RunEvaluation;
import dev.troupe.deploy.run.TrainingLauncher;
import dev.troupe.routing.Bindings;
import dev.troupe.routing.RoutingConfig;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The whole life of a small model in one process, all roles: corpus, tokenizer, training, evaluation, promotion, chat.
 */
public final class Quickstart {
    private static final String MODEL_ID = "quickstart";
    private static final String QUESTION = "define heterotroph";

    private final QuickstartOptions options;
    private final ProgressDisplay display;
    private final PrintStream out;

    private Quickstart(QuickstartOptions options, ProgressDisplay display, PrintStream out) {
        this.options = options;
        this.display = display;
        this.out = out;
    }

    /**
     * Runs all steps and serves until the process is interrupted, or, with {@code once}, until it has answered itself.
     *
     * @param out for the answers
     * @throws dev.troupe.model.TroupeException when the text cannot be used, a port is taken or the training fails
     */
    public static int run(QuickstartOptions options, ProgressDisplay display, PrintStream out) {
        return Interruption.guard(interruption -> new Quickstart(options, display, out).run(interruption));
    }

    private int run(Interruption interruption) {
        TrainingConfig training = TrainingConfig.from(options.config());
        try (RunDirectory home = RunDirectory.open(options.directory());
                RunDirectory run = RunDirectory.open(nextRun(home.root()))) {
            Corpus corpus = Corpus.prepare(training.data(), home, display);
            try (TroupeNode node = TroupeNode.start(nodeConfig(home));
                    MetricsEndpoint metrics = MetricsEndpoint.start(
                            node.config(), node.nodeConfig().metricsPort())) {
                // The ports open first: a taken one is known before the training, not after it.
                Bindings bindings = node.route(RoutingConfig.from(node.config()));
                metrics.serve("/run", new RunCurves(() -> Optional.of(run.root())));
                TrainingSummary summary = TrainingLauncher.train(node, run, training, corpus, false, display);
                if (interruption.isAsked()) {
                    return 0;
                }
                RunEvaluation evaluation = RunEvaluation.of(run, corpus, training, summary, display);
                ModelVersion promoted = promote(node.registry(), run, corpus, summary, evaluation);
                ModelDescription model = node.serve(promoted);
                node.awaitReady(bindings);
                announce(bindings, metrics, model);
                if (options.once()) {
                    answerOnce(node, bindings, model);
                } else {
                    interruption.await(node.checkOtherKernels());
                }
                display.note("draining");
            }
        }
        return 0;
    }

    private Config nodeConfig(RunDirectory home) {
        return ConfigFactory.parseMap(
                        Map.of("troupe.node.directory", home.root().toString()))
                .withFallback(TrainingLauncher.systemKeys(options.config()));
    }

    private static Path nextRun(Path home) {
        Path runs = home.resolve("runs");
        try {
            Files.createDirectories(runs);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot create " + runs, e);
        }
        int number = 1;
        while (Files.exists(runs.resolve(name(number)))) {
            number++;
        }
        return runs.resolve(name(number));
    }

    private static String name(int number) {
        return String.format(Locale.ROOT, "run-%04d", number);
    }

    private ModelVersion promote(
            RegistryClient registry,
            RunDirectory run,
            Corpus corpus,
            TrainingSummary summary,
            RunEvaluation evaluation) {
        display.stage("Promotion");
        Lineage lineage = new Lineage(
                run.root().getFileName().toString(),
                run.root().toString(),
                summary.steps(),
                evaluation.manifestSha256(),
                corpus.source(),
                corpus.tokens().report().tokenizerSha256(),
                evaluation.score());
        ModelVersion version = new ModelVersion(
                MODEL_ID, evaluation.modelVersion(), summary.checkpoint(), corpus.chatTemplate(), lineage);
        registry.register(version);
        ModelVersion promoted = registry.promote(version, "quickstart: evaluated on held-out documents");
        display.note("model " + promoted.modelId() + ", version " + promoted.version());
        return promoted;
    }

    private void announce(Bindings bindings, MetricsEndpoint metrics, ModelDescription model) {
        display.stage("Serving " + model.modelId());
        display.note("playground   " + bindings.httpUrl() + "/");
        display.note("OpenAI API   " + bindings.httpUrl() + "/v1");
        display.note("gRPC         port " + bindings.grpcPort());
        metrics.url().ifPresent(url -> display.note("metrics      " + url));
        if (!options.once()) {
            display.note("Ctrl-C drains and stops; './troupe up' serves this model again");
        }
    }

    private void answerOnce(TroupeNode node, Bindings bindings, ModelDescription model) {
        SelfRequest request = new SelfRequest(node.system(), bindings, model.modelId());
        out.println("HTTP  " + QUESTION + ": " + oneLine(request.http(QUESTION)));
        out.println("gRPC  " + QUESTION + ": " + oneLine(request.grpc(QUESTION)));
        out.flush();
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", " | ");
    }
}
