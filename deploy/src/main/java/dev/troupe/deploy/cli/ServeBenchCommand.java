package dev.troupe.deploy.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.deploy.bench.ServeBench;
import dev.troupe.model.TroupeException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code troupe bench serve}: a model under load. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        description = "A closed loop of requests to the engine alone and to a node over HTTP, with and without shared"
                + " prefixes; the first token of a prompt that shares 512 tokens; and guessing on repetitive text.")
final class ServeBenchCommand implements Callable<Integer> {
    @Option(names = "--model", required = true, paramLabel = "MODEL", description = "a GGUF file or a model directory")
    @SuppressWarnings("NullAway.Init") // required
    private Path model;

    @Option(
            names = "--streams",
            paramLabel = "N",
            split = ",",
            defaultValue = "1,4,8,16",
            description = "requests at once, one or several (default: ${DEFAULT-VALUE})")
    private List<Integer> streams = List.of();

    @Option(names = "--prompt", paramLabel = "N", defaultValue = "128", description = "tokens (default: 128)")
    private int numPrompt;

    @Option(names = "--answer", paramLabel = "N", defaultValue = "64", description = "tokens (default: 64)")
    private int numAnswer;

    @Option(names = "--rounds", paramLabel = "N", defaultValue = "2", description = "requests of a stream (default: 2)")
    private int rounds;

    @Option(names = "--no-http", description = "measure the engine only")
    private boolean engineOnly;

    @Mixin
    private ServedModelOptions served = new ServedModelOptions();

    @Option(names = "--draft-model", paramLabel = "MODEL", description = "as for up")
    private @Nullable Path draftModel;

    @Option(names = "--json", description = "print the result as one JSON object on the last line")
    private boolean json;

    @Override
    public Integer call() {
        if (numPrompt < 8 || numAnswer < 2 || rounds < 1 || streams.stream().anyMatch(n -> n < 1)) {
            throw new TroupeException("--prompt wants at least 8, --answer 2, --rounds and --streams 1");
        }
        Map<String, Object> set = served.values();
        CommandLineKeys.putDraftModel(set, draftModel);
        Config config = ConfigFactory.parseMap(set, "command line");
        ServeBench.Report report =
                ServeBench.run(model, config, new ServeBench.Load(streams, numPrompt, numAnswer, rounds, !engineOnly));
        if (json) {
            JsonLine.print(System.out, report);
        } else {
            print(report);
        }
        return 0;
    }

    private static void print(ServeBench.Report report) {
        for (ServeBench.Row row : report.rows()) {
            System.out.printf(
                    "%-6s %2d streams%s: %7.1f tokens/s; first token %.1f / %.1f / %.1f ms, next %.2f / %.2f / %.2f ms"
                            + " (P50 / P95 / P99)%n",
                    row.target(),
                    row.streams(),
                    row.sharedPrefix() ? ", shared prefix" : "",
                    row.tokensPerSecond(),
                    row.firstTokenMillis().p50(),
                    row.firstTokenMillis().p95(),
                    row.firstTokenMillis().p99(),
                    row.tokenMillis().p50(),
                    row.tokenMillis().p95(),
                    row.tokenMillis().p99());
        }
        ServeBench.Prefix prefix = report.prefix();
        System.out.printf(
                "first token of a prompt that shares %d tokens with an earlier one: %.1f ms, of the earlier %.1f ms: %.3f%n",
                prefix.sharedTokens(), prefix.secondMillis(), prefix.firstMillis(), prefix.ratio());
        ServeBench.Speculation guessing = report.speculation();
        System.out.printf(
                "repetitive text: %.1f tokens/s with guesses (%d of %d held), %.1f without: %.2f times, answers %s%n",
                guessing.tokensPerSecond(),
                guessing.numAccepted(),
                guessing.numDrafted(),
                guessing.plainTokensPerSecond(),
                guessing.ratio(),
                guessing.same() ? "the same" : "DIFFERENT");
    }
}
