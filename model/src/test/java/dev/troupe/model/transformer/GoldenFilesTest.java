package dev.troupe.model.transformer;

import static dev.troupe.model.transformer.GoldenEntries.assertLogits;
import static dev.troupe.model.transformer.GoldenEntries.ids;
import static dev.troupe.model.transformer.GoldenEntries.logitsAfter;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.troupe.model.format.ModelConverter;
import dev.troupe.model.format.ModelFiles;
import dev.troupe.model.format.OpenModel;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.sampling.LogProbs;
import dev.troupe.model.sampling.SamplingOptions;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tokenizer.SharedData;
import dev.troupe.model.tokenizer.StreamingDecoder;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.tokenizer.TokenizerJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Published models from GGUF files and a directory, served in the types that they are stored in, against golden.json:
 * float64 by another program, on which two independent engines agree. Where weights were rounded to eight or sixteen
 * bits after the golden values were made, logits have the distance of that rounding.
 */
class GoldenFilesTest {
    private static final String FILES = """
            stories260K,      stories260K/stories260K-F32.gguf,             ,    0.001, 0.001
            stories260K,      stories260K/stories260K-F32.gguf,             F16, 0.005, 0.001
            stories260K,      stories260K/stories260K-Q8_0.gguf,            ,    0.3,   0.01
            tinystories-656K, tinystories-656K,                             ,    0.001, 0.001
            tinystories-656K, tinystories-656K,                             F16, 0.005, 0.001
            tinystories-656K, tinystories-656K/TinyStories-656K-Q8_0.gguf,  ,    0.3,   0.01
            tinychat-3M,      tinychat-3M/tinychat-3M-Q4_0.gguf,            ,    0.001, 0.001
            """;

    private static final double ROUNDED_TO_16_BITS = 0.005; // of logits of up to 16
    private static final int TOKENS_OF_ROUNDED = 5; // then another token may be the likeliest

    @ParameterizedTest
    @CsvSource(textBlock = FILES)
    void continuesAndScoresAsOtherEnginesDo(
            String name, String file, @Nullable StorageType weights, double logitBound, double perplexityBound)
            throws IOException {
        JsonNode golden = new JsonMapper()
                .readTree(SharedData.find("models/golden.json").toFile())
                .get(name);
        try (FixedComputePool pool = FixedComputePool.create(2);
                OpenModel open = ModelFiles.open(SharedData.find("models/" + file))) {
            Kernels kernels = KernelProviders.select("vector").create(pool);
            InferenceOptions options = new InferenceOptions(weights, null, null);
            try (InferenceModel model =
                    InferenceModel.create(open.config(), layer -> open.weights(), kernels, options, 16, 64)) {
                for (JsonNode entry : golden.get("golden")) {
                    Tokenizer tokenizer = open.tokenizer();
                    assertPrompt(tokenizer, entry);
                    assertLogits(model, entry, logitBound);
                    boolean exact = logitBound <= ROUNDED_TO_16_BITS;
                    assertContinuation(model, tokenizer, entry, exact ? Integer.MAX_VALUE : TOKENS_OF_ROUNDED);
                }
                assertPerplexity(model, ofText(name, open), golden.get("perplexity"), perplexityBound);
            }
        }
    }

    /**
     * What 16 bits cost is their rounding and nothing else: the logits of a file in F16 are those of one in float32
     * with the same numbers.
     */
    @ParameterizedTest
    @CsvSource({"stories260K, stories260K/stories260K-F32.gguf", "tinystories-656K, tinystories-656K"})
    void aFileInSixteenBitsIsExactInItsNumbers(String name, String file, @TempDir Path temp) throws IOException {
        Path halves = temp.resolve("f16.gguf");
        Path same = temp.resolve("f32.gguf");
        ModelConverter.convert(SharedData.find("models/" + file), halves, StorageType.F16);
        ModelConverter.convert(halves, same, StorageType.F32);
        JsonNode golden = new JsonMapper()
                .readTree(SharedData.find("models/golden.json").toFile())
                .get(name);
        for (JsonNode entry : golden.get("golden")) {
            int[] prompt = ids(entry.get("prompt_ids"));
            float[] ofHalves = lastLogits(halves, prompt);
            float[] exact = lastLogits(same, prompt);
            for (int i = 0; i < exact.length; i++) {
                assertThat(ofHalves[i]).as("logit of token %d", i).isCloseTo(exact[i], within(1e-3f));
            }
        }
    }

    private static float[] lastLogits(Path file, int[] prompt) {
        try (FixedComputePool pool = FixedComputePool.create(2);
                OpenModel open = ModelFiles.open(file);
                InferenceModel model = InferenceModel.create(
                        open.config(),
                        layer -> open.weights(),
                        KernelProviders.select("vector").create(pool),
                        new InferenceOptions(null, null, null),
                        16,
                        64)) {
            Tensor logits = logitsAfter(model, prompt);
            float[] copy = new float[open.config().vocabSize()];
            for (int i = 0; i < copy.length; i++) {
                copy[i] = logits.get(i);
            }
            return copy;
        }
    }

    /**
     * The tokenizer of the golden text: that of the original. The scores in the GGUF file of tinystories-656K give 28
     * tokens, here as by llama.cpp's rules, where its tokenizer.json gives 25.
     */
    private static Tokenizer ofText(String name, OpenModel open) {
        Path original = SharedData.find("models/" + name).resolve("tokenizer.json");
        return Files.exists(original) ? TokenizerJson.read(original) : open.tokenizer();
    }

    private static void assertPrompt(Tokenizer tokenizer, JsonNode entry) {
        int[] expected = ids(entry.get("prompt_ids"));
        int[] text = tokenizer.encode(entry.get("prompt").asText());
        boolean begins = tokenizer.beginOfText().isPresent();
        assertThat(text).isEqualTo(Arrays.copyOfRange(expected, begins ? 1 : 0, expected.length));
        tokenizer.beginOfText().ifPresent(begin -> assertThat(expected[0]).isEqualTo(begin));
    }

    private static void assertContinuation(InferenceModel model, Tokenizer tokenizer, JsonNode entry, int mostTokens) {
        int[] all = ids(entry.get("greedy_ids"));
        int[] expected = Arrays.copyOf(all, Math.min(all.length, mostTokens));
        StreamingDecoder decoder = new StreamingDecoder(tokenizer);
        StringBuilder streamed = new StringBuilder();
        List<Integer> answer = new TextGenerator(model, tokenizer)
                .generate(
                        ids(entry.get("prompt_ids")),
                        expected.length,
                        SamplingOptions.greedy(),
                        Set.of(),
                        token -> streamed.append(decoder.append(token)));
        assertThat(answer.stream().mapToInt(Integer::intValue).toArray()).isEqualTo(expected);
        if (expected.length < all.length) {
            return;
        }
        // The end of a text is no text.
        String text = entry.get("greedy_text").asText().replace("<|endoftext|>", "");
        assertThat(streamed.append(decoder.flush()).toString().strip()).isEqualTo(text.strip());
        boolean ends = tokenizer.endTokens().contains(expected[expected.length - 1]);
        assertThat(ends).isEqualTo(entry.get("greedy_text").asText().endsWith("<|endoftext|>"));
    }

    /** Of all tokens but the first, which is the beginning of a text where the model has one. */
    private static void assertPerplexity(InferenceModel model, Tokenizer tokenizer, JsonNode golden, double bound) {
        int[] text = tokenizer.encode(golden.get("text").asText());
        int[] tokens = tokenizer.beginOfText().isEmpty()
                ? text
                : IntStream.concat(IntStream.of(tokenizer.beginOfText().get()), Arrays.stream(text))
                        .toArray();
        assertThat(tokens).hasSize(golden.get("n_tokens").asInt());
        int rows = tokens.length - 1;
        int[] positions = IntStream.range(0, rows).toArray();
        int[][] tables = new int[rows][];
        Arrays.fill(tables, new int[] {0, 1, 2, 3});
        boolean[] wanted = new boolean[rows];
        Arrays.fill(wanted, true);
        Tensor logits = model.forward(rows, Arrays.copyOf(tokens, rows), positions, tables, wanted);
        double nll = 0;
        for (int i = 0; i < rows; i++) {
            nll -= LogProbs.logProb(logits, i, tokens[i + 1]);
        }
        double expected = golden.get("ppl").asDouble();
        assertThat(Math.exp(nll / rows)).isCloseTo(expected, within(bound * expected));
    }
}
