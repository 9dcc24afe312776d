package dev.troupe.model.bench;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.quantized.PromptProduct;
import dev.troupe.model.kernel.quantized.PromptWeight;
import dev.troupe.model.kernel.quantized.RoundedProduct;
import dev.troupe.model.kernel.quantized.RoundedWeight;
import dev.troupe.model.kernel.quantized.WeightRows;
import dev.troupe.model.tensor.LayoutMemory;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.transformer.Decode;
import dev.troupe.model.transformer.InferenceOptions;
import dev.troupe.model.transformer.InferenceSettings;
import dev.troupe.model.transformer.Prefill;
import dev.troupe.model.transformer.ServedWeights;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Speed of {@link InferenceModel} with random weights: reading a prompt, writing an answer token by token, and writing
 * many answers at once. Tokens are given, not sampled.
 */
public final class InferenceBench {
    private static final int PROMPT = 512;
    private static final int ANSWER = 128;
    private static final int ROUNDS = 5;
    private static final int LEAST_ROUNDS = 3;
    private static final int WARM_UP_ROUNDS = 4;
    private static final long MOST_NANOS = 5_000_000_000L; // after which work is not repeated any more
    private static final List<Integer> STREAMS = List.of(1, 4, 8, 16);
    private static final int STREAM_PROMPT = 128;
    private static final int STREAM_STEPS = 32;

    /**
     * What was measured for one type of weights; rates are of the median round.
     *
     * @param promptTokensPerSecond of a prompt of 512 tokens into an empty cache
     * @param promptGflops products, attention and one row of the head
     * @param promptShareOfPeak of the fp32 multiply-add peak, 1 for all of it
     * @param answerTokensPerSecond of 128 tokens one by one into an empty cache
     * @param bytesPerToken of weights that a token reads
     * @param answerShareOfRead bytes of weights a second, over the read bandwidth of memory
     * @param streamTokensPerSecond by number of answers written at once, after prompts of 128 tokens
     * @param millisByPart where the time of a prompt and of a token goes; empty when not asked for
     */
    public record Row(
            String weights,
            String prefill,
            String decode,
            double promptTokensPerSecond,
            double promptGflops,
            double promptShareOfPeak,
            double answerTokensPerSecond,
            long bytesPerToken,
            double answerGigabytesPerSecond,
            double answerShareOfRead,
            Map<Integer, Double> streamTokensPerSecond,
            Map<String, Map<String, Double>> millisByPart) {
        Row withParts(Map<String, Map<String, Double>> millis) {
            return new Row(
                    weights,
                    prefill,
                    decode,
                    promptTokensPerSecond,
                    promptGflops,
                    promptShareOfPeak,
                    answerTokensPerSecond,
                    bytesPerToken,
                    answerGigabytesPerSecond,
                    answerShareOfRead,
                    streamTokensPerSecond,
                    millis);
        }
    }

    /** All rows, and the machine's limits in the same run. */
    public record Report(String shape, String backend, MachinePeak peak, List<Row> rows) {}

    private final InferenceShape shape;
    private final ModelConfig config;
    private final Kernels kernels;

    private InferenceBench(InferenceShape shape, Kernels kernels) {
        this.shape = shape;
        this.config = shape.config();
        this.kernels = kernels;
    }

    /**
     * Measures.
     *
     * @param kernels on the threads of {@code pool}
     * @param withParts whether to measure where the time goes, too
     */
    public static Report run(
            InferenceShape shape,
            List<StorageType> types,
            Prefill prefill,
            Decode decode,
            Kernels kernels,
            ComputePool pool,
            boolean withParts) {
        MachinePeak peak = MachinePeak.measure(pool);
        InferenceBench bench = new InferenceBench(shape, kernels);
        List<Row> rows = new ArrayList<>();
        for (StorageType type : types) {
            InferenceSettings settings = new InferenceSettings(type, prefill, decode)
                    .decided(shape.config(), name -> StorageType.F32, kernels);
            InferenceOptions options = settings.options(kernels, pool);
            Row row = bench.measure(options, settings, peak);
            rows.add(withParts ? row.withParts(bench.parts(options)) : row);
        }
        return new Report(shape.label(), kernels.name(), peak, rows);
    }

    private Row measure(InferenceOptions options, InferenceSettings settings, MachinePeak peak) {
        try (InferenceRun run = new InferenceRun(config, kernels, options, STREAMS.getLast(), PROMPT)) {
            double prompt = median(() -> run.prompt(0, PROMPT));
            double answer = median(() -> run.answers(1, 0, ANSWER)) / ANSWER;
            Map<Integer, Double> streams = new LinkedHashMap<>();
            for (int count : STREAMS) {
                for (int s = 0; s < count; s++) {
                    run.prompt(s, STREAM_PROMPT);
                }
                double seconds = median(() -> run.answers(count, STREAM_PROMPT, STREAM_STEPS));
                streams.put(count, count * STREAM_STEPS / seconds);
            }
            long bytes = run.matrixBytes();
            double gflops = shape.promptFlops(PROMPT) / prompt / 1e9;
            double gigabytes = bytes / answer / 1e9;
            return new Row(
                    ServedWeights.configName(options.weights()),
                    settings.prefill().configName(),
                    settings.decode().configName(),
                    PROMPT / prompt,
                    gflops,
                    gflops / peak.gflops(),
                    1 / answer,
                    bytes,
                    gigabytes,
                    gigabytes / peak.readGigabytesPerSecond(),
                    streams,
                    Map.of());
        }
    }

    /** Seconds; long work is repeated less often. */
    private static double median(Runnable work) {
        long start = System.nanoTime();
        for (int i = 0; i < WARM_UP_ROUNDS && (i == 0 || System.nanoTime() - start < MOST_NANOS); i++) {
            work.run();
        }
        double[] seconds = new double[ROUNDS];
        int rounds = 0;
        start = System.nanoTime();
        while (rounds < ROUNDS && (rounds < LEAST_ROUNDS || System.nanoTime() - start < MOST_NANOS)) {
            long before = System.nanoTime();
            work.run();
            seconds[rounds++] = (System.nanoTime() - before) / 1e9;
        }
        Arrays.sort(seconds, 0, rounds);
        return seconds[rounds / 2];
    }

    /** Of a model of its own, because a clock around every kernel costs some microseconds each. */
    private Map<String, Map<String, Double>> parts(InferenceOptions options) {
        PartTimer timer = new PartTimer();
        Kernels timed = TimedKernels.of(kernels, timer, config.vocabSize());
        PromptProduct prompts = options.prompts();
        RoundedProduct rounded = options.rounded();
        InferenceOptions timedOptions = new InferenceOptions(
                options.weights(),
                prompts == null ? null : (packed, rows, arena) -> timed(prompts.lay(packed, rows, arena), timer),
                rounded == null ? null : timed(rounded, timer),
                options.cache());
        try (InferenceRun run = new InferenceRun(config, timed, timedOptions, 1, PROMPT)) {
            return Map.of(
                    "prompt", millis(timer, () -> run.prompt(0, PROMPT), 1),
                    "token", millis(timer, () -> run.answers(1, 0, ANSWER), ANSWER));
        }
    }

    private static RoundedProduct timed(RoundedProduct product, PartTimer timer) {
        return new RoundedProduct() {
            @Override
            public RoundedWeight lay(WeightRows rows, LayoutMemory memory) {
                RoundedWeight weight = product.lay(rows, memory);
                return new RoundedWeight(
                        timed(weight.product(), timer), timed(weight.prompts(), timer), weight.bytes());
            }

            @Override
            public boolean takes(StorageType type) {
                return product.takes(type);
            }

            @Override
            public boolean promptsApart() {
                return product.promptsApart();
            }
        };
    }

    private static PromptWeight timed(PromptWeight weight, PartTimer timer) {
        return (m, a, lda, bias, c, ldc, accumulate) -> {
            long start = System.nanoTime();
            weight.multiply(m, a, lda, bias, c, ldc, accumulate);
            timer.add(PartTimer.Part.GEMM, System.nanoTime() - start);
        };
    }

    /** Milliseconds of each part in one of the {@code units} of {@code work}. */
    private static Map<String, Double> millis(PartTimer timer, Runnable work, int units) {
        for (int i = 0; i < WARM_UP_ROUNDS; i++) {
            work.run();
        }
        timer.clear();
        long start = System.nanoTime();
        for (int i = 0; i < ROUNDS; i++) {
            work.run();
        }
        timer.add(PartTimer.Part.OTHER, System.nanoTime() - start - timer.total());
        Map<String, Double> millis = new LinkedHashMap<>();
        timer.millis(ROUNDS * units).forEach((part, value) -> {
            if (value > 0) {
                millis.put(part.label(), value);
            }
        });
        return millis;
    }
}
