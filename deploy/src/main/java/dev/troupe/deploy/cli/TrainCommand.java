package dev.troupe.deploy.cli;

import com.typesafe.config.Config;
import dev.troupe.actors.training.TrainingSummary;
import dev.troupe.deploy.cluster.ParentWatch;
import dev.troupe.deploy.progress.ProgressDisplay;
import dev.troupe.deploy.run.RunDirectory;
import dev.troupe.deploy.run.TrainingLauncher;
import dev.troupe.model.TroupeException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code troupe train}: a run from a configuration, or the continuation of one. */
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        description = "Trains a model. Killed or stopped, it goes on with --resume from its latest checkpoint and ends"
                + " in the same weights.")
final class TrainCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before call
    private CommandSpec spec;

    @Mixin
    private ConfigOptions configOptions = new ConfigOptions();

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "folder of the run; default: runs/ and the configuration's name")
    private @Nullable Path out;

    @Option(
            names = "--resume",
            description = "go on from the latest valid checkpoint in the folder, with its configuration unless another"
                    + " is given")
    private boolean resume;

    @Option(names = "--json", description = "print the result as one JSON object on the last line")
    private boolean json;

    @Override
    public Integer call() {
        ParentWatch.start();
        Path directory = out != null ? out : Path.of("runs", configOptions.nameOr("train"));
        try (RunDirectory run = RunDirectory.open(directory)) {
            Config config = configOptions.loadOr(resume ? TrainingLauncher.savedConfig(run) : noConfig());
            TrainingSummary summary = TrainingLauncher.train(run, config, resume, ProgressDisplay.forStandardError());
            report(summary);
        }
        return 0;
    }

    private Config noConfig() {
        if (!configOptions.hasConfig()) {
            throw new TroupeException(
                    "train needs --config FILE or a profile's name (or --resume and --out DIR to go on"
                            + " with a run); see 'troupe train --help'");
        }
        return configOptions.load();
    }

    private void report(TrainingSummary summary) {
        if (json) {
            Map<String, @Nullable Object> result = new LinkedHashMap<>();
            result.put("steps", summary.steps());
            result.put("tokens", summary.tokens());
            result.put("trainLoss", summary.trainLoss());
            result.put("valLoss", summary.valLoss());
            result.put("tokensPerSecond", summary.tokensPerSecond());
            result.put("checkpoint", summary.checkpoint());
            JsonLine.print(System.out, result);
        } else {
            spec.commandLine().getOut().printf("%d steps, checkpoint in %s%n", summary.steps(), summary.checkpoint());
        }
    }
}
