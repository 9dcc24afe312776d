package dev.troupe.deploy.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.deploy.bench.ReuseBench;
import dev.troupe.deploy.bench.ServeBench;
import dev.troupe.deploy.bench.ServeLevels;
import dev.troupe.model.TroupeException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code troupe bench serve}: a model under load. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        description =
                "The same loads, closed loops and open ones, at every level of a server, in turns: the engine alone,"
                        + " that behind a bare socket, a replica's actor, the router, and HTTP with the client in a process"
                        + " of its own; with and without shared prefixes. Each load goes on until there are --answers or"
                        + " --minutes are over. Then the first token of a prompt that shares 512 tokens, and guessing on"
                        + " repetitive text.")
final class ServeBenchCommand implements Callable<Integer> {
    private static final String AUTO = "auto";
    private static final String NONE = "none";
    /** Of what a server can do at most: it is busy, but its queue does not grow for ever. */
    private static final double SHARE_OF_CLOSED = 0.7;

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

    @Option(
            names = "--requests",
            paramLabel = "N",
            defaultValue = "2",
            description = "requests of a stream in a round (default: 2)")
    private int requests;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "3",
            description = "of each load, at least (default: 3)")
    private int rounds;

    @Option(
            names = "--answers",
            paramLabel = "N",
            defaultValue = "200",
            description = "rounds of a load go on until each level has given so many, for quantiles are of them"
                    + " (default: ${DEFAULT-VALUE}); 1 for no more than --rounds")
    private int answers;

    @Option(
            names = "--minutes",
            paramLabel = "N",
            defaultValue = "14",
            description = "warm-up included; then no load has more than its least rounds (default: ${DEFAULT-VALUE})")
    private double minutes;

    @Option(
            names = "--rate",
            paramLabel = "R",
            split = ",",
            defaultValue = AUTO,
            description = "requests a second of open loops, whose arrivals are a Poisson process, one or several; auto"
                    + " for 70 %% of what the closed loop reaches with the most streams at the highest level; none for no"
                    + " open loop (default: ${DEFAULT-VALUE})")
    private List<String> rates = List.of();

    @Option(
            names = "--levels",
            paramLabel = "LEVEL",
            split = ",",
            defaultValue = "engine,router,http",
            description = "what to measure, of engine, socket, replica, router, http (default: ${DEFAULT-VALUE}: all"
                    + " would have too few answers each in the time)")
    private Set<String> levels = Set.of();

    @Option(
            names = "--shared-prefix",
            arity = "1",
            paramLabel = "BOOLEAN",
            split = ",",
            defaultValue = "false,true",
            description =
                    "whether prompts share all but their last eighth (default: ${DEFAULT-VALUE}, one after the other)")
    private List<Boolean> prefixes = List.of();

    @Option(
            names = "--warm-up",
            paramLabel = "SECONDS",
            defaultValue = "45",
            description =
                    "of short requests at the highest level, and up to five times as long until compilers rest: before"
                            + " that the way of a request costs two to three times what it does later (default: ${DEFAULT-VALUE})")
    private double warmUp;

    @Mixin
    private ServedModelOptions served = new ServedModelOptions();

    @Option(names = "--draft-model", paramLabel = "MODEL", description = "as for up")
    private @Nullable Path draftModel;

    @Option(names = "--json", description = "print the result as one JSON object on the last line")
    private boolean json;

    @Override
    public Integer call() {
        ServeLevels.Load load = load();
        if (levels.isEmpty() || !ServeBench.LEVELS.containsAll(levels)) {
            throw new TroupeException("--levels are of " + ServeBench.LEVELS + ", not " + levels);
        }
        Map<String, Object> set = served.values();
        CommandLineKeys.putDraftModel(set, draftModel);
        Config config = ConfigFactory.parseMap(set, "command line");
        ServeBench.Report report = ServeBench.run(model, config, load, levels);
        if (json) {
            JsonLine.print(System.out, report);
        } else {
            print(report);
        }
        return 0;
    }

    /**
     * What the options ask for.
     *
     * @throws TroupeException when one of them cannot be
     */
    ServeLevels.Load load() {
        if (numPrompt < 8
                || numAnswer < 2
                || requests < 1
                || rounds < 1
                || answers < 1
                || streams.stream().anyMatch(n -> n < 1)
                || !(minutes >= 0)
                || !(warmUp >= 0)) {
            throw new TroupeException(
                    "--prompt wants at least 8, --answer 2, --requests, --rounds, --answers and --streams 1,"
                            + " --minutes and --warm-up 0");
        }
        return new ServeLevels.Load(
                streams,
                numPrompt,
                numAnswer,
                requests,
                rounds,
                answers,
                minutes,
                numbers(rates),
                rates.contains(AUTO) ? SHARE_OF_CLOSED : 0,
                prefixes,
                warmUp);
    }

    private static List<Double> numbers(List<String> rates) {
        List<Double> numbers = new ArrayList<>();
        for (String rate : rates) {
            if (rate.equals(AUTO) || (rate.equals(NONE) && rates.size() == 1)) {
                continue;
            }
            double number;
            try {
                number = Double.parseDouble(rate);
            } catch (NumberFormatException e) {
                number = Double.NaN;
            }
            if (!(number > 0 && number < Double.POSITIVE_INFINITY)) {
                throw new TroupeException("--rate wants numbers of more than 0, auto, or none alone, not " + rate);
            }
            numbers.add(number);
        }
        return numbers;
    }

    private static void print(ServeBench.Report report) {
        if (report.load().shareOfClosed() > 0) {
            System.out.printf(
                    "the last open loop is %.0f %% of the requests/s that the closed loop of %d streams reached at the"
                            + " highest level%n",
                    100 * report.load().shareOfClosed(),
                    Collections.max(report.load().streams()));
        }
        System.out.println("times are P50 / P95 / P99");
        for (ServeLevels.Row row : report.rows()) {
            System.out.printf(
                    "%-7s %s: %7.1f tokens/s; over %d answers first token %.1f / %.1f / %.1f ms, of it around the"
                            + " engine's steps %.2f / %.2f / %.2f, next on average %.2f / %.2f / %.2f ms; over %d gaps"
                            + " between tokens %.2f / %.2f / %.2f ms; %.2f tokens a step of %.2f ms, no step in %.1f %% of the time;"
                            + " processor ms a token: %.3f kernels, %.3f around them, %.3f runtime, %.3f client;"
                            + " %.2f cores busy; others took %.1f %% of the processors before and after, so that a"
                            + " millisecond's work took %.2f / %.2f / %.2f ms%n",
                    row.level(),
                    load(row.streams(), row.requestsPerSecond(), row.sharedPrefix()),
                    row.tokensPerSecond(),
                    row.answers(),
                    row.firstTokenMillis().p50(),
                    row.firstTokenMillis().p95(),
                    row.firstTokenMillis().p99(),
                    row.aroundFirstTokenMillis().p50(),
                    row.aroundFirstTokenMillis().p95(),
                    row.aroundFirstTokenMillis().p99(),
                    row.tokenMillis().p50(),
                    row.tokenMillis().p95(),
                    row.tokenMillis().p99(),
                    row.gaps(),
                    row.gapMillis().p50(),
                    row.gapMillis().p95(),
                    row.gapMillis().p99(),
                    row.steps().tokensPerStep(),
                    row.steps().stepMillis(),
                    100 * row.steps().idleShare(),
                    row.serverCpuMillis().kernels(),
                    row.serverCpuMillis().around(),
                    row.serverCpuMillis().runtime(),
                    row.clientCpuMillis(),
                    row.cores(),
                    100 * row.stolen().share(),
                    row.stolen().millisecond().p50(),
                    row.stolen().millisecond().p95(),
                    row.stolen().millisecond().p99());
        }
        for (ServeLevels.Overhead over : report.overheads()) {
            System.out.printf(
                    "%-7s beside %-7s %s: %.3f of tokens/s; first token %+.2f / %+.2f / %+.2f ms, by the same"
                            + " steps %+.2f / %+.2f / %+.2f, around steps %+.2f / %+.2f / %+.2f, next %+.3f ms, gaps %+.2f / %+.2f / %+.2f ms;"
                            + " processor ms a token: %+.3f kernels, %+.3f around them, %+.3f runtime; client %.1f %% of the processors%n",
                    over.level(),
                    over.beside(),
                    load(over.streams(), over.requestsPerSecond(), over.sharedPrefix()),
                    over.tokensPerSecondRatio(),
                    over.firstTokenMillis().p50(),
                    over.firstTokenMillis().p95(),
                    over.firstTokenMillis().p99(),
                    over.addedFirstTokenMillis().p50(),
                    over.addedFirstTokenMillis().p95(),
                    over.addedFirstTokenMillis().p99(),
                    over.aroundFirstTokenMillis().p50(),
                    over.aroundFirstTokenMillis().p95(),
                    over.aroundFirstTokenMillis().p99(),
                    over.tokenMillis().p50(),
                    over.gapMillis().p50(),
                    over.gapMillis().p95(),
                    over.gapMillis().p99(),
                    over.serverCpuMillis().kernels(),
                    over.serverCpuMillis().around(),
                    over.serverCpuMillis().runtime(),
                    100 * over.clientShareOfCores());
        }
        ReuseBench.Prefix prefix = report.prefix();
        System.out.printf(
                "first token of a prompt that shares %d tokens with an earlier one: %.1f ms, of the earlier %.1f ms: %.3f%n",
                prefix.sharedTokens(), prefix.secondMillis(), prefix.firstMillis(), prefix.ratio());
        ReuseBench.Speculation guessing = report.speculation();
        System.out.printf(
                "repetitive text: %.1f tokens/s with guesses (%d of %d held), %.1f without: %.2f times, answers %s%n",
                guessing.tokensPerSecond(),
                guessing.numAccepted(),
                guessing.numDrafted(),
                guessing.plainTokensPerSecond(),
                guessing.ratio(),
                guessing.same() ? "the same" : "DIFFERENT");
        System.out.println(report.memory().line());
    }

    private static String load(int streams, double rate, boolean shared) {
        String load = streams > 0 ? "%2d streams".formatted(streams) : "%.2f requests/s".formatted(rate);
        return load + (shared ? ", shared prefix" : "");
    }
}
