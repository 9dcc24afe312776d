package dev.troupe.deploy.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.deploy.bench.LoadBench;
import dev.troupe.model.TroupeException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code troupe bench load}: how long a model takes to its first token, and how much memory. */
@Command(
        name = "load",
        mixinStandardHelpOptions = true,
        description = "From the start of the process to the first token of a model, by part, and the peak of memory.")
final class LoadBenchCommand implements Callable<Integer> {
    @Option(names = "--model", required = true, paramLabel = "MODEL", description = "a GGUF file or a model directory")
    @SuppressWarnings("NullAway.Init") // required
    private Path model;

    @Option(names = "--prompt", paramLabel = "N", defaultValue = "16", description = "tokens (default: 16)")
    private int promptTokens;

    @Mixin
    private ServedModelOptions served = new ServedModelOptions();

    @Option(
            names = "--layouts",
            paramLabel = "DIR",
            description = "as for up; the first run writes the file that later ones map")
    private @Nullable String layouts;

    @Option(names = "--json", description = "print the result as one JSON object on the last line")
    private boolean json;

    @Override
    public Integer call() {
        if (promptTokens < 1) {
            throw new TroupeException("--prompt is " + promptTokens + ": it must be at least 1");
        }
        Map<String, Object> set = served.values();
        CommandLineKeys.put(set, "troupe.serving.layouts", layouts);
        Config config = ConfigFactory.parseMap(set, "command line");
        LoadBench.Report report = LoadBench.run(model, config, promptTokens);
        if (json) {
            JsonLine.print(System.out, report);
        } else {
            print(report);
        }
        return 0;
    }

    private static void print(LoadBench.Report report) {
        System.out.printf(
                "%s: first token after %.2f s: start %.2f, %s, prompt of %d tokens %.2f%n",
                report.model(),
                report.totalSeconds(),
                report.startSeconds(),
                report.loadSeconds().entrySet().stream()
                        .map(entry -> String.format("%s %.2f", entry.getKey(), entry.getValue()))
                        .collect(Collectors.joining(", ")),
                report.promptTokens(),
                report.firstTokenSeconds());
        System.out.println(report.arithmetic());
        System.out.println(report.memory().line());
    }
}
