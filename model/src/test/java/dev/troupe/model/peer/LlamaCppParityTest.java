package dev.troupe.model.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.config.RopeScaling;
import dev.troupe.model.format.ModelConverter;
import dev.troupe.model.format.ModelDirectory;
import dev.troupe.model.format.ModelFiles;
import dev.troupe.model.format.OpenModel;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.sampling.CounterRandom;
import dev.troupe.model.sampling.SamplingOptions;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.BpeTrainer;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.transformer.Decode;
import dev.troupe.model.transformer.InferenceModel;
import dev.troupe.model.transformer.InferenceOptions;
import dev.troupe.model.transformer.InferenceSettings;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.ParameterSpec;
import dev.troupe.model.transformer.Parameters;
import dev.troupe.model.transformer.Prefill;
import dev.troupe.model.transformer.TextGenerator;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Random models of published shapes, as we write them and as llama.cpp reads and runs them: the same tokens, the same
 * logits within what llama.cpp's own arithmetic costs it. llama.cpp gives the hidden state scaled to length 1; times
 * the head that is in the file it gives logits, which are compared up to that scale.
 */
class LlamaCppParityTest {
    private static final long SEED = 4711;
    private static final String TEXT = "the shape of a model is said here, and the other engine reads it: 3.14 times";
    /** Ends at several positions; the last one is beyond the context that rotary positions are stretched from. */
    private static final List<String> TEXTS = List.of(TEXT, "the shape", TEXT + ", " + TEXT + " " + TEXT);

    private static final int CONTINUATION = 16; // tokens
    private static final int BLOCKS = 16; // of keys and values
    /** llama.cpp keeps keys and values in 16 bits, which is what float32 weights differ by. */
    private static final double FLOAT_BOUND = 2e-3;
    /** Of queries and keys: as they start, attention hardly tells one position from another. */
    private static final float SHARPER = 3;

    /** Types whose blocks fill rows of 32 numbers. */
    private static final List<StorageType> SMALL_BLOCKS =
            List.of(StorageType.F32, StorageType.F16, StorageType.Q8_0, StorageType.Q4_0);
    /** Those that need rows of 256, and what else there is. */
    private static final List<StorageType> LARGE_BLOCKS =
            List.of(StorageType.F32, StorageType.BF16, StorageType.Q4_K, StorageType.Q6_K);

    /** Layers of published models, one of them whole, the others with fewer layers; with a small vocabulary. */
    enum Shape {
        /** SmolLM2 135M, all 30 layers. */
        SMOLLM2(
                List.of(StorageType.F32, StorageType.Q8_0),
                vocabSize -> new ModelConfig(
                        "llama",
                        vocabSize,
                        576,
                        30,
                        9,
                        3,
                        64,
                        1536,
                        512,
                        NormKind.RMS,
                        1e-5f,
                        MlpKind.SWIGLU,
                        PositionKind.ROTARY,
                        100_000,
                        true,
                        false,
                        0)),
        /** Llama 3.2 1B. */
        LLAMA(
                List.of(StorageType.F32, StorageType.Q4_0),
                vocabSize -> new ModelConfig(
                        "llama",
                        vocabSize,
                        2048,
                        1,
                        32,
                        8,
                        64,
                        8192,
                        512,
                        NormKind.RMS,
                        1e-5f,
                        MlpKind.SWIGLU,
                        PositionKind.ROTARY,
                        500_000,
                        true,
                        false,
                        0)),
        /** Qwen 2 0.5B: biases of queries, keys and values. */
        QWEN2(
                SMALL_BLOCKS,
                vocabSize -> new ModelConfig(
                        "qwen2",
                        vocabSize,
                        896,
                        2,
                        14,
                        2,
                        64,
                        4864,
                        512,
                        NormKind.RMS,
                        1e-6f,
                        MlpKind.SWIGLU,
                        PositionKind.ROTARY,
                        1_000_000,
                        true,
                        false,
                        0,
                        true,
                        null,
                        0)),
        /** GPT-2: learned positions, LayerNorm, biases throughout. */
        GPT2(
                LARGE_BLOCKS,
                vocabSize -> new ModelConfig(
                        "gpt2",
                        vocabSize,
                        768,
                        2,
                        12,
                        12,
                        64,
                        3072,
                        512,
                        NormKind.LAYER,
                        1e-5f,
                        MlpKind.GELU,
                        PositionKind.LEARNED,
                        0,
                        true,
                        true,
                        0)),
        LINEAR(LARGE_BLOCKS, vocabSize -> stretched(vocabSize, new RopeScaling.Linear(4))),
        YARN(
                LARGE_BLOCKS.subList(0, 1),
                vocabSize -> stretched(
                        vocabSize, new RopeScaling.Yarn(4, 64, 32, 1, RopeScaling.Yarn.defaultAttentionFactor(4)))),
        LLAMA3(LARGE_BLOCKS.subList(0, 1), vocabSize -> stretched(vocabSize, new RopeScaling.Llama3(8, 1, 4, 64)));

        @SuppressWarnings("ImmutableEnumChecker") // List.of
        private final List<StorageType> types;

        @SuppressWarnings("ImmutableEnumChecker") // it captures nothing
        private final IntFunction<ModelConfig> config;

        Shape(List<StorageType> types, IntFunction<ModelConfig> config) {
            this.types = types;
            this.config = config;
        }
    }

    private static ModelConfig stretched(int vocabSize, @Nullable RopeScaling scaling) {
        return stretched(vocabSize, scaling, true);
    }

    private static ModelConfig stretched(int vocabSize, @Nullable RopeScaling scaling, boolean tied) {
        return new ModelConfig(
                "llama",
                vocabSize,
                512,
                2,
                8,
                4,
                64,
                1024,
                512,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                10_000,
                tied,
                false,
                0,
                false,
                scaling,
                0);
    }

    /** What llama.cpp says of a file and a text. */
    @SuppressWarnings("ArrayRecordComponent") // filled once, compared by nobody
    private record Peer(int[] tokens, double[] hidden) {}

    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    @ParameterizedTest
    @EnumSource
    void llamaCppComputesTheSame(Shape shape) throws Exception {
        Tokenizer tokenizer = BpeTrainer.train(List.of(TEXT, "other words of the same kind"), 300, List.of(), 1);
        List<Path> files = write(shape.types, shape.config.apply(tokenizer.vocabSize()), tokenizer);
        List<Peer> peers = ask(files);

        List<List<double[]>> theirs = new ArrayList<>(); // of each type, of each text
        for (int i = 0; i < files.size(); i++) {
            StorageType type = shape.types.get(i);
            List<Peer> ofTexts = peers.subList(i * TEXTS.size(), (i + 1) * TEXTS.size());
            try (FixedComputePool pool = FixedComputePool.create(2);
                    OpenModel open = ModelFiles.open(files.get(i))) {
                assertThat(open.bytesByType().keySet())
                        .containsExactlyInAnyOrderElementsOf(EnumSet.of(StorageType.F32, type));
                theirs.add(logits(open, ofTexts));
                assertThat(ofTexts)
                        .extracting(Peer::tokens)
                        .containsExactlyElementsOf(
                                TEXTS.stream().map(tokenizer::encode).toList());
                for (Decode decode :
                        type.blockElements() > 1 ? List.of(Decode.EXACT, Decode.BLOCKS) : List.of(Decode.EXACT)) {
                    try (InferenceModel model = model(open, open.config(), decode, pool)) {
                        String what = shape + " " + type + ", " + decode;
                        assertSame(what, model, ofTexts, theirs.getLast(), theirs.getFirst());
                    }
                }
                if (open.config().ropeScaling() != null) {
                    assertScalingShows(
                            open, pool, ofTexts.getLast(), theirs.getLast().getLast());
                }
            }
        }
    }

    /**
     * Our logits beside llama.cpp's of the same file.
     *
     * @param theirs of each text
     * @param ofFloats its own of the weights in float32
     */
    private static void assertSame(
            String what, InferenceModel model, List<Peer> peers, List<double[]> theirs, List<double[]> ofFloats) {
        for (int t = 0; t < peers.size(); t++) {
            int[] tokens = peers.get(t).tokens();
            double distance = distance(logits(model, tokens), theirs.get(t));
            // What rounding weights, and activations where it does that, costs llama.cpp itself.
            double own = distance(ofFloats.get(t), theirs.get(t));
            System.out.printf(
                    "%s, %d tokens: %.1e from llama.cpp, whose own is %.1e from its F32%n",
                    what, tokens.length, distance, own);
            assertThat(distance)
                    .as("distance of %s from llama.cpp, which is %s from its F32", what, own)
                    .isLessThan(Math.max(FLOAT_BOUND, own));
        }
    }

    /** Without it our logits are far from theirs. */
    private static void assertScalingShows(OpenModel open, FixedComputePool pool, Peer peer, double[] theirs) {
        ModelConfig plain = stretched(open.config().vocabSize(), null);
        try (InferenceModel model = model(open, plain, Decode.EXACT, pool)) {
            assertThat(distance(logits(model, peer.tokens()), theirs)).isGreaterThan(10 * FLOAT_BOUND);
        }
    }

    private static InferenceModel model(OpenModel open, ModelConfig config, Decode decode, FixedComputePool pool) {
        Kernels kernels = KernelProviders.select("vector").create(pool);
        InferenceOptions options = new InferenceSettings(null, Prefill.AUTO, decode).options(kernels, pool);
        return InferenceModel.create(config, layer -> open.weights(), kernels, options, BLOCKS, BLOCKS * 16);
    }

    /** The model in each of the types. */
    private List<Path> write(List<StorageType> types, ModelConfig config, Tokenizer tokenizer) {
        Path folder = dir.resolve("model");
        try (TensorArena arena = TensorArena.open("test")) {
            Parameters weights = Parameters.allocate(ParameterLayout.of(config), arena);
            weights.initialize(SEED);
            for (ParameterSpec spec : weights.layout().specs()) {
                if (spec.name().equals("lm_head.weight")) {
                    silence(weights.get(spec.name()), tokenizer);
                }
                if (spec.name().matches(".*(q_proj|k_proj)\\.weight")) {
                    Tensor matrix = weights.get(spec.name());
                    for (long i = 0; i < matrix.size(); i++) {
                        matrix.set(i, matrix.get(i) * SHARPER);
                    }
                }
                if (spec.shape().size() == 1) { // norms and biases start as ones and zeros, which would hide them
                    Tensor vector = weights.get(spec.name());
                    for (long i = 0; i < vector.size(); i++) {
                        vector.set(i, vector.get(i) + (float) (0.2 * CounterRandom.normal(SEED, spec.offset(), i)));
                    }
                }
            }
            ModelDirectory.write(folder, config, weights, tokenizer);
        }
        List<Path> files = new ArrayList<>();
        for (StorageType type : types) {
            Path file = dir.resolve(type + ".gguf");
            ModelConverter.convert(folder, file, type);
            files.add(file);
        }
        return files;
    }

    /** All tokens but those of letters, so that what is written is text: their logits are zero. */
    private static void silence(Tensor head, Tokenizer tokenizer) {
        for (int token = 0; token < tokenizer.vocabSize(); token++) {
            if (!new String(tokenizer.tokenBytes(token), StandardCharsets.ISO_8859_1).matches("[a-z ]+")) {
                for (long i = 0; i < head.dim(1); i++) {
                    head.set(token * (long) head.dim(1) + i, 0);
                }
            }
        }
    }

    /** A head that is not the token table is read from its place: the same continuations. */
    @Test
    void anUntiedHeadIsReadFromItsPlace() throws Exception {
        Tokenizer tokenizer = BpeTrainer.train(List.of(TEXT, "other words of the same kind"), 300, List.of(), 1);
        ModelConfig config = stretched(tokenizer.vocabSize(), null, false);
        List<StorageType> types = List.of(StorageType.F32, StorageType.F16);
        List<Path> files = write(types, config, tokenizer);
        List<String> continued = ask(LlamaCpp.Answer.CONTINUATION, CONTINUATION, files);
        for (int i = 0; i < files.size(); i++) {
            try (FixedComputePool pool = FixedComputePool.create(2);
                    OpenModel open = ModelFiles.open(files.get(i));
                    InferenceModel model = model(open, open.config(), Decode.EXACT, pool)) {
                assertThat(open.config().tiedEmbeddings()).isFalse();
                for (int t = 0; t < TEXTS.size(); t++) {
                    StringBuilder text = new StringBuilder();
                    new TextGenerator(model, tokenizer)
                            .generate(
                                    tokenizer.encode(TEXTS.get(t)),
                                    CONTINUATION,
                                    SamplingOptions.greedy(),
                                    Set.of(),
                                    token -> text.append(tokenizer.decode(new int[] {token})));
                    assertThat(text).hasSizeGreaterThanOrEqualTo(CONTINUATION);
                    assertThat(continued.get(i * TEXTS.size() + t).strip())
                            .as("%s, text %d", types.get(i), t)
                            .isEqualTo(text.toString().strip());
                }
            }
        }
    }

    private List<Peer> ask(List<Path> files) throws IOException, InterruptedException {
        List<String> lines = ask(LlamaCpp.Answer.HIDDEN, 0, files);
        List<Peer> peers = new ArrayList<>();
        for (int i = 0; i < lines.size(); i += 2) {
            peers.add(new Peer(
                    Arrays.stream(lines.get(i).split(" ", -1))
                            .mapToInt(Integer::parseInt)
                            .toArray(),
                    Arrays.stream(lines.get(i + 1).split(" ", -1))
                            .mapToDouble(Double::parseDouble)
                            .toArray()));
        }
        return peers;
    }

    private List<String> ask(LlamaCpp.Answer answer, int numTokens, List<Path> files)
            throws IOException, InterruptedException {
        Path answers = dir.resolve("answers.txt");
        File log = dir.resolve("peer.log").toFile();
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Djava.io.tmpdir=" + Files.createDirectories(dir.resolve("tmp")), // for its library
                "-cp",
                System.getProperty("java.class.path"),
                LlamaCpp.class.getName(),
                answer.name(),
                answers.toString(),
                String.join("\n", TEXTS),
                Integer.toString(numTokens)));
        files.forEach(file -> command.add(file.toString()));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log)
                .start();
        try {
            assertThat(process.waitFor(2, TimeUnit.MINUTES))
                    .as("llama.cpp has ended")
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
        String said = Files.readString(log.toPath());
        assumeTrue(process.exitValue() != LlamaCpp.UNAVAILABLE, "llama.cpp does not run here: " + said);
        assertThat(process.exitValue()).as(said).isZero();
        return Files.readAllLines(answers);
    }

    /** The head of a file times hidden states. */
    private static List<double[]> logits(OpenModel open, List<Peer> peers) {
        ModelConfig config = open.config();
        String head = ParameterLayout.of(config).specs().stream()
                .map(ParameterSpec::name)
                .filter(name -> name.matches(".*(embed_tokens|wte).*"))
                .findFirst()
                .orElseThrow();
        List<double[]> all = new ArrayList<>();
        try (TensorArena arena = TensorArena.open("test")) {
            Tensor rows = open.weights().floats(head, arena, config.vocabSize(), config.dim());
            for (Peer peer : peers) {
                double[] hidden = peer.hidden();
                assertThat(hidden).hasSize(config.dim());
                double[] logits = new double[config.vocabSize()];
                for (int row = 0; row < logits.length; row++) {
                    for (int i = 0; i < hidden.length; i++) {
                        logits[row] += (double) rows.get((long) row * config.dim() + i) * hidden[i];
                    }
                }
                all.add(logits);
            }
        }
        return all;
    }

    private static double[] logits(InferenceModel model, int[] tokens) {
        int[] positions = new int[tokens.length];
        Arrays.setAll(positions, i -> i);
        int[][] tables = new int[tokens.length][];
        Arrays.fill(tables, IntStream.range(0, BLOCKS).toArray());
        boolean[] wanted = new boolean[tokens.length];
        wanted[tokens.length - 1] = true;
        Tensor logits = model.forward(tokens.length, tokens, positions, tables, wanted);
        double[] copy = new double[model.config().vocabSize()];
        Arrays.setAll(copy, logits::get);
        return copy;
    }

    /** Of what is left of {@code a} when the multiple of {@code b} nearest to it is taken away, relative to it. */
    private static double distance(double[] a, double[] b) {
        double ab = 0;
        double bb = 0;
        for (int i = 0; i < a.length; i++) {
            ab += a[i] * b[i];
            bb += b[i] * b[i];
        }
        double rest = 0;
        double aa = 0;
        for (int i = 0; i < a.length; i++) {
            rest += Math.pow(a[i] - ab / bb * b[i], 2);
            aa += a[i] * a[i];
        }
        return Math.sqrt(rest / aa);
    }
}
