package dev.troupe.deploy.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.deploy.progress.ProgressDisplay;
import dev.troupe.deploy.quickstart.Quickstart;
import dev.troupe.deploy.quickstart.QuickstartOptions;
import dev.troupe.model.TroupeException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code troupe quickstart}: from nothing to a chat. */
@Command(
        name = "quickstart",
        mixinStandardHelpOptions = true,
        description = "Trains a small language model on a dictionary (or your text), evaluates it, promotes it and"
                + " serves it, all in one process. Ctrl-C drains and ends it.")
final class QuickstartCommand implements Callable<Integer> {
    private static final String PROFILE = "quickstart";

    @Option(
            names = "--minutes",
            paramLabel = "M",
            description = "time to train for, such as 4 or 0.5 (default: the profile's)")
    private @Nullable Double minutes;

    @Option(
            names = "--text",
            paramLabel = "PATH",
            description = "a UTF-8 text file or a folder of them, instead of the built-in corpus")
    private @Nullable Path text;

    @Option(
            names = "--dir",
            paramLabel = "DIR",
            defaultValue = "runs/quickstart",
            description = "folder for the corpus, the runs and the registry (default: ${DEFAULT-VALUE})")
    private Path directory = Path.of("runs/quickstart");

    @Option(names = "--once", description = "ask the served model once over HTTP and once over gRPC, then end")
    private boolean once;

    @Option(names = "--http-port", paramLabel = "P", description = "0 takes any free one; default 8080")
    private @Nullable Integer httpPort;

    @Option(names = "--grpc-port", paramLabel = "P", description = "0 takes any free one; default 9090")
    private @Nullable Integer grpcPort;

    @Option(
            names = "-D",
            paramLabel = "key=value",
            description = "sets a key of the configuration, such as -D model.dim=192; may be repeated")
    private Map<String, String> overrides = new LinkedHashMap<>();

    @Override
    public Integer call() {
        if (minutes != null && !(minutes > 0)) {
            throw new TroupeException("--minutes is " + minutes + ": it must be more than 0");
        }
        Map<String, Object> set = new LinkedHashMap<>();
        CommandLineKeys.put(set, "train.minutes", minutes);
        CommandLineKeys.put(set, "data.text", text == null ? null : text.toString());
        CommandLineKeys.put(set, "troupe.routing.http.port", httpPort);
        CommandLineKeys.put(set, "troupe.routing.grpc.port", grpcPort);
        Config config = ConfigFactory.parseMap(set, "command line").withFallback(ConfigFiles.load(PROFILE, overrides));
        return Quickstart.run(
                new QuickstartOptions(directory, config, once), ProgressDisplay.forStandardError(), System.out);
    }
}
