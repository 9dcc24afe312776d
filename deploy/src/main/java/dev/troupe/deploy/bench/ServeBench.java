package dev.troupe.deploy.bench;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.serving.engine.DirectoryLoader;
import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.actors.serving.engine.EngineLoop;
import dev.troupe.actors.serving.engine.EngineSettings;
import dev.troupe.actors.serving.engine.SampledToken;
import dev.troupe.actors.serving.replica.ReplicaSettings;
import dev.troupe.actors.serving.replica.ReuseSettings;
import dev.troupe.deploy.bench.LoadTarget.Answered;
import dev.troupe.deploy.node.NodeService;
import dev.troupe.deploy.node.TroupeNode;
import dev.troupe.model.TroupeException;
import dev.troupe.model.chat.ChatTemplate;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.tokenizer.TokenizerJson;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * How a model is served under a closed loop of requests: by the bare engine, and by a node over HTTP with router and
 * actors. Greedy answers of fixed length to random prompts. Only ratios within a run say much: machines drift.
 */
public final class ServeBench {
    private static final long SEED = 11;
    private static final int PREFIX_TOKENS = 512;
    private static final int ROUNDS = 3;
    private static final long WARM_UP_NANOS = 4_000_000_000L;
    private static final int PATTERN = 24; // tokens that a repetitive prompt repeats
    private static final int REPEATS = 5;
    private static final int REPETITIVE_ANSWER = 128;
    private static final int MAX_DRAFT = 12;

    /**
     * What is asked.
     *
     * @param numPrompt tokens of a prompt
     * @param numAnswer tokens of an answer
     * @param rounds requests of each stream
     * @param http whether to measure over HTTP, too
     */
    public record Load(List<Integer> streams, int numPrompt, int numAnswer, int rounds, boolean http) {}

    /** Milliseconds. */
    public record Quantiles(double p50, double p95, double p99) {
        static Quantiles of(List<Answered> answers, ToDoubleFunction<Answered> nanos) {
            double[] sorted = answers.stream().mapToDouble(nanos).sorted().toArray();
            return new Quantiles(at(sorted, 0.5), at(sorted, 0.95), at(sorted, 0.99));
        }

        private static double at(double[] sorted, double quantile) {
            return sorted[Math.min(sorted.length - 1, (int) (quantile * sorted.length))] / 1e6;
        }
    }

    /**
     * One load.
     *
     * @param target engine or http
     * @param sharedPrefix whether all prompts but for their last eighth are the same, and in the cache
     * @param tokensPerSecond of all streams together, from the first request to the last token
     */
    public record Row(
            String target,
            int streams,
            boolean sharedPrefix,
            double tokensPerSecond,
            Quantiles firstTokenMillis,
            Quantiles tokenMillis) {}

    /** Medians of the time to the first token of a prompt, and of a second one that shares its first tokens. */
    public record Prefix(int sharedTokens, double firstMillis, double secondMillis, double ratio) {}

    /** Medians of plain decoding and of decoding with guesses, one stream; {@code same} when the answers are equal. */
    public record Speculation(
            double plainTokensPerSecond,
            double tokensPerSecond,
            double ratio,
            long numDrafted,
            long numAccepted,
            int plainSteps,
            int steps,
            boolean same) {}

    /** Everything that was measured. */
    public record Report(String model, List<Row> rows, Prefix prefix, Speculation speculation) {}

    private final Path model;
    private final Config config;
    private final ReplicaSettings settings;
    private final Load load;
    private final Random random = new Random(SEED);
    private int vocabSize;

    private ServeBench(Path model, Config config, Load load) {
        this.model = model;
        this.config = config.withFallback(ConfigFactory.load());
        this.settings = ReplicaSettings.from(this.config);
        this.load = load;
    }

    /**
     * Measures.
     *
     * @param model file or directory
     * @param config overrides, such as {@code troupe.serving.decode}
     * @throws TroupeException when the model cannot be served, or its context is too short for the load
     */
    public static Report run(Path model, Config config, Load load) {
        if (!Files.exists(model)) {
            throw new TroupeException("there is no model " + model);
        }
        return new ServeBench(model, config, load).run();
    }

    private Report run() {
        List<Row> rows = new ArrayList<>();
        Prefix prefix;
        Speculation speculation;
        try (Engine engine = loader(settings.engine()).load()) {
            vocabSize = engine.description().vocabSize();
            int context = engine.description().contextLength();
            if (context < load.numPrompt() + load.numAnswer()) {
                throw new TroupeException("the context is " + context + " tokens: ask for shorter prompts and answers");
            }
            EngineTarget target = new EngineTarget(
                    settings,
                    engine,
                    new ReuseSettings(
                            true, settings.reuse().maxDraft(), settings.reuse().draftModel()));
            rows.addAll(loads("engine", target));
            prefix = prefix(engine, Math.min(PREFIX_TOKENS, context / 2));
            int numAnswer = Math.min(REPETITIVE_ANSWER, context / 4);
            if (settings.reuse().draftModel()) {
                try (Engine alone = loader(settings.engine().withoutDraft()).load()) {
                    speculation = speculation(alone, engine, numAnswer);
                }
            } else {
                speculation = speculation(engine, engine, numAnswer);
            }
        }
        if (load.http()) {
            rows.addAll(overHttp());
        }
        return new Report(model.getFileName().toString(), rows, prefix, speculation);
    }

    private DirectoryLoader loader(EngineSettings engine) {
        return new DirectoryLoader(engine, "bench", ChatTemplate.AUTO, model);
    }

    private List<Row> overHttp() {
        Config overrides = ConfigFactory.parseString("troupe.node { roles = [server, router], metricsPort = -1 }\n"
                        + "troupe.routing { http.port = 0, grpc.port = 0, apiKeys = [] }\n"
                        + "akka.remote.artery.canonical.port = 0\n"
                        + "troupe.node.model = \"" + model.toAbsolutePath() + "\"")
                .withFallback(config);
        try (TroupeNode node = TroupeNode.start(overrides)) {
            NodeService service = NodeService.start(node);
            var description = service.model().orElseThrow();
            Tokenizer tokenizer = TokenizerJson.parse(description.tokenizerJson());
            String url = service.bindings().orElseThrow().httpUrl();
            try (HttpTarget target = new HttpTarget(url, description.modelId(), tokenizer.endTokens())) {
                return loads("http", target);
            }
        }
    }

    private List<Row> loads(String name, LoadTarget target) {
        warmUp(target);
        List<Row> rows = new ArrayList<>();
        for (boolean shared : new boolean[] {false, true}) {
            for (int streams : load.streams()) {
                List<List<Integer>> prompts = prompts(streams * load.rounds() + 1, shared);
                target.answer(prompts.subList(0, 1), 1, 1); // what is shared is in the cache
                List<List<Integer>> asked = prompts.subList(1, prompts.size());
                long start = System.nanoTime();
                List<Answered> answers = target.answer(asked, streams, load.numAnswer());
                double seconds = (System.nanoTime() - start) / 1e9;
                rows.add(new Row(
                        name,
                        streams,
                        shared,
                        asked.size() * (double) load.numAnswer() / seconds,
                        Quantiles.of(answers, Answered::firstTokenNanos),
                        Quantiles.of(answers, Answered::tokenNanos)));
            }
        }
        return rows;
    }

    /** Until everything is compiled. */
    private void warmUp(LoadTarget target) {
        int most = load.streams().stream().mapToInt(Integer::intValue).max().orElseThrow();
        long start = System.nanoTime();
        while (System.nanoTime() - start < WARM_UP_NANOS) {
            target.answer(prompts(most, false), most, load.numAnswer());
            target.answer(prompts(1, false), 1, load.numAnswer());
        }
    }

    private List<List<Integer>> prompts(int count, boolean shared) {
        int common = shared ? load.numPrompt() - load.numPrompt() / 8 : 0;
        List<Integer> prefix = tokens(common);
        List<List<Integer>> prompts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            List<Integer> prompt = new ArrayList<>(prefix);
            prompt.addAll(tokens(load.numPrompt() - common));
            prompts.add(prompt);
        }
        return prompts;
    }

    private List<Integer> tokens(int count) {
        return IntStream.generate(() -> random.nextInt(vocabSize))
                .limit(count)
                .boxed()
                .toList();
    }

    private Prefix prefix(Engine engine, int shared) {
        EngineTarget target = new EngineTarget(settings, engine, new ReuseSettings(true, 0));
        double[] first = new double[ROUNDS];
        double[] second = new double[ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            List<Integer> one = new ArrayList<>(tokens(shared));
            List<Integer> other = new ArrayList<>(one);
            one.addAll(tokens(8));
            other.addAll(tokens(8));
            first[round] = target.answer(List.of(one), 1, 1).getFirst().firstTokenNanos() / 1e6;
            second[round] = target.answer(List.of(other), 1, 1).getFirst().firstTokenNanos() / 1e6;
        }
        return new Prefix(shared, median(first), median(second), median(second) / median(first));
    }

    /**
     * Measures guesses: of the draft model, when the engine has one, else of what followed before.
     *
     * @param alone without a draft model
     */
    private Speculation speculation(Engine alone, Engine engine, int numAnswer) {
        List<Integer> pattern = tokens(PATTERN);
        List<Integer> prompt = new ArrayList<>();
        for (int i = 0; i < REPEATS; i++) {
            prompt.addAll(pattern);
        }
        EngineTarget plain = new EngineTarget(settings, alone, new ReuseSettings(false, 0));
        EngineTarget guessing = new EngineTarget(
                settings,
                engine,
                new ReuseSettings(false, MAX_DRAFT, settings.reuse().draftModel()));
        double[] plainRate = new double[ROUNDS];
        double[] rate = new double[ROUNDS];
        for (int round = -1; round < ROUNDS; round++) { // the first one compiles
            plain.forget();
            guessing.forget();
            double slow = decodeRate(plain, prompt, numAnswer);
            double fast = decodeRate(guessing, prompt, numAnswer);
            if (round >= 0) {
                plainRate[round] = slow;
                rate[round] = fast;
            }
        }
        EngineLoop slow = plain.loop();
        EngineLoop fast = guessing.loop();
        return new Speculation(
                median(plainRate),
                median(rate),
                median(rate) / median(plainRate),
                fast.policy().numDrafted(),
                fast.policy().numDraftsAccepted(),
                slow.numSteps(),
                fast.numSteps(),
                tokensOf(slow).equals(tokensOf(fast)));
    }

    /** Tokens a second after the first. */
    private static double decodeRate(EngineTarget target, List<Integer> prompt, int numAnswer) {
        return 1e9 / target.answer(List.of(prompt), 1, numAnswer).getFirst().tokenNanos();
    }

    private static List<Integer> tokensOf(EngineLoop loop) {
        return loop.answer(0).stream().map(SampledToken::token).toList();
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
