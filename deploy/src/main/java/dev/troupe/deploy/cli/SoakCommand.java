package dev.troupe.deploy.cli;

import com.typesafe.config.ConfigFactory;
import dev.troupe.deploy.bench.Growth;
import dev.troupe.deploy.bench.Soak;
import dev.troupe.model.TroupeException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code troupe bench soak}: a node under everything that clients do, for long. */
@Command(
        name = "soak",
        mixinStandardHelpOptions = true,
        description =
                "Serves a mix of completions and chats, whole and streamed, over HTTP and gRPC, several choices,"
                        + " scores, JSON, embeddings, tokens, shared prefixes, refused requests, and clients that read slowly or"
                        + " not at all or leave, and measures memory and cache in pauses. Exit code 1 when memory grows, the"
                        + " cache keeps something or an answer is not as it should be, or not what the same request gave before.")
final class SoakCommand implements Callable<Integer> {
    private static final double MEGA = 1e6;

    @Option(names = "--model", required = true, paramLabel = "MODEL", description = "a GGUF file or a model directory")
    @SuppressWarnings("NullAway.Init") // required
    private Path model;

    @Option(names = "--minutes", paramLabel = "N", defaultValue = "10", description = "how long (default: 10)")
    private double minutes;

    @Option(names = "--clients", paramLabel = "N", defaultValue = "12", description = "at once (default: 12)")
    private int numClients;

    @Option(names = "-D", paramLabel = "key=value", description = "sets a key of the configuration")
    private Map<String, String> keys = new LinkedHashMap<>();

    @Option(names = "--json", description = "print the result as one JSON object on the last line")
    private boolean json;

    @Override
    public Integer call() {
        if (!(minutes > 0 && minutes < 1e5) || numClients < 1) {
            throw new TroupeException("--minutes must be positive and --clients at least 1");
        }
        Soak.Report report = Soak.run(
                model,
                ConfigFactory.parseMap(keys, "command line"),
                Duration.ofMillis((long) (minutes * 60_000)),
                numClients,
                SoakCommand::print);
        report.faults().forEach(fault -> System.err.println("troupe: " + fault));
        if (json) {
            JsonLine.print(System.out, report);
        } else {
            print(report);
        }
        return report.passed() ? 0 : TroupeCommand.EXIT_SOFTWARE_ERROR;
    }

    private static void print(Soak.Sample sample) {
        System.err.printf(
                Locale.ROOT,
                "%6.0f s %,8d requests: heap %.1f MB, tensors %.1f MB, buffers %.1f MB, other resident %.1f MB,"
                        + " %d + %d blocks, %d threads%n",
                sample.seconds(),
                sample.requests(),
                sample.heapBytes() / MEGA,
                sample.tensorBytes() / MEGA,
                sample.bufferBytes() / MEGA,
                sample.otherBytes() / MEGA,
                sample.kvBlocksUsed(),
                sample.kvBlocksIdle(),
                sample.threads());
    }

    private static void print(Soak.Report report) {
        System.out.printf(Locale.ROOT, "%.0f s, requests:%n", report.seconds());
        report.requests().forEach((kind, count) -> System.out.printf(Locale.ROOT, "%,10d %s%n", count, kind));
        for (Growth growth : report.growth()) {
            System.out.printf(
                    Locale.ROOT,
                    "%-8s %,.0f -> %,.0f %s (%s)%n",
                    growth.what(),
                    growth.before(),
                    growth.after(),
                    growth.unit(),
                    growth.tooMuch() ? "GREW" : "steady");
        }
    }
}
