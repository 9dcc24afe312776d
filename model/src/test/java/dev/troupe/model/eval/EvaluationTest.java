package dev.troupe.model.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.data.TokenShardWriter;
import dev.troupe.model.data.TokenShards;
import dev.troupe.model.data.TokenizerFingerprint;
import dev.troupe.model.format.LoadedModel;
import dev.troupe.model.format.ModelDirectory;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.BpeTrainer;
import dev.troupe.model.tokenizer.CharTokenizer;
import dev.troupe.model.tokenizer.SharedData;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Parameters;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluationTest {
    private static final String TEXT = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. ".repeat(9);

    private final Tokenizer tokenizer = BpeTrainer.train(List.of(TEXT), 280, List.of(BpeTrainer.END_OF_TEXT), 1);

    @TempDir
    Path temp;

    /** Weights of zero predict every token alike: the numbers follow from the vocabulary and the text alone. */
    @Test
    void uniformModelHasKnownPerplexityAndBitsPerByte() {
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(1)) {
            Kernels kernels = KernelProviders.select("scalar").create(pool);
            ModelConfig config = TinyModel.config(tokenizer);
            Parameters zeros = Parameters.allocate(ParameterLayout.of(config), arena);
            EvaluationSet set = EvaluationSet.ofText(TEXT, tokenizer, 7);
            try (PerplexityEvaluator evaluator = new PerplexityEvaluator(config, zeros, kernels, 3, 8)) {
                Evaluation evaluation = evaluator.evaluate(set);
                int tokens = tokenizer.encode(TEXT).length;
                int bytes = TEXT.getBytes(StandardCharsets.UTF_8).length;
                assertThat(evaluation.tokens()).isEqualTo(tokens);
                assertThat(evaluation.bytes()).isEqualTo(bytes);
                assertThat(evaluation.perplexity()).isCloseTo(config.vocabSize(), within(1e-3));
                assertThat(evaluation.nllPerToken()).isCloseTo(Math.log(config.vocabSize()), within(1e-6));
                double bits = tokens * Math.log(config.vocabSize()) / Math.log(2) / bytes;
                assertThat(evaluation.bitsPerByte()).isCloseTo(bits, within(1e-6));
            }
        }
    }

    @Test
    void resultDoesNotDependOnTheBatch() {
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(2)) {
            Kernels kernels = KernelProviders.select("auto").create(pool);
            ModelConfig config = TinyModel.config(tokenizer);
            Parameters weights = Parameters.allocate(ParameterLayout.of(config), arena);
            weights.initialize(5);
            EvaluationSet set = EvaluationSet.ofText(TEXT, tokenizer, 8);
            try (PerplexityEvaluator one = new PerplexityEvaluator(config, weights, kernels, 1, 8);
                    PerplexityEvaluator five = new PerplexityEvaluator(config, weights, kernels, 5, 16)) {
                assertThat(five.evaluate(set)).isEqualTo(one.evaluate(set));
            }
        }
    }

    @Test
    void everyTokenAfterTheFirstIsATargetOnce() throws IOException {
        TokenShards shards = shards(23);
        for (int time : new int[] {1, 3, 7, 22, 50}) {
            EvaluationSet set = EvaluationSet.of(shards, tokenizer, time, Long.MAX_VALUE);
            int[] inputs = new int[time];
            int[] targets = new int[time];
            int position = 0;
            for (long window = 0; window < set.numWindows(); window++) {
                int length = set.fill(window, inputs, targets, 0);
                for (int i = 0; i < length; i++, position++) {
                    assertThat(inputs[i]).isEqualTo(shards.token(position));
                    assertThat(targets[i]).isEqualTo(shards.token(position + 1));
                }
                assertThat(targets[time - 1]).isEqualTo(length == time ? shards.token(position) : -1);
            }
            assertThat(position).isEqualTo(22);
        }
    }

    @Test
    void fewWindowsAreSpreadOverTheCorpus() throws IOException {
        TokenShards shards = shards(101);
        EvaluationSet set = EvaluationSet.of(shards, tokenizer, 10, 3);
        assertThat(set.numWindows()).isEqualTo(3);
        int[] inputs = new int[10];
        for (int window = 0; window < 3; window++) {
            set.fill(window, inputs, new int[10], 0);
            assertThat(inputs[0]).isEqualTo(shards.token(new int[] {0, 30, 60}[window]));
        }
    }

    @Test
    void charactersWithoutASpecialTokenLeaveTheFirstOut() {
        EvaluationSet set = EvaluationSet.ofText("äbc", CharTokenizer.train("äbc"), 4);
        UnigramBaseline baseline = UnigramBaseline.of(new long[] {0, 0, 0});
        Evaluation evaluation = baseline.evaluate(set);
        assertThat(evaluation.tokens()).isEqualTo(2);
        assertThat(evaluation.bytes()).isEqualTo(2);
        assertThat(evaluation.perplexity()).isCloseTo(3, within(1e-12));
    }

    /** Counts 2, 1, 0 of V = 3: p = 3/6, 2/6, 1/6. */
    @Test
    void unigramBaselineIsAddOneSmoothed() throws IOException {
        Tokenizer characters = CharTokenizer.train("abc");
        Path directory = temp.resolve("train");
        write(directory, characters, new int[] {0, 1, 0});
        Evaluation evaluation = UnigramBaseline.train(TokenShards.open(directory))
                .evaluate(EvaluationSet.ofText("cabc", characters, 2));
        double nll = -(Math.log(3.0 / 6) + Math.log(2.0 / 6) + Math.log(1.0 / 6));
        assertThat(evaluation.tokens()).isEqualTo(3);
        assertThat(evaluation.nllPerToken()).isCloseTo(nll / 3, within(1e-12));
        assertThat(evaluation.bitsPerByte()).isCloseTo(nll / 3 / Math.log(2), within(1e-12));
    }

    /**
     * A published model: 25 tokens with the one that begins the text, 72.7301 nats (golden.json, two engines agree).
     */
    @Test
    void publishedModelHasItsKnownPerplexity() throws IOException {
        Path directory = SharedData.find("models/tinystories-656K");
        JsonNode golden = new JsonMapper()
                .readTree(SharedData.find("models/golden.json").toFile())
                .path("tinystories-656K")
                .path("perplexity");
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(2)) {
            LoadedModel model = ModelDirectory.load(directory, arena);
            Path file = Files.writeString(
                    temp.resolve("text.txt"), golden.path("text").asText());
            Kernels kernels = KernelProviders.select("auto").create(pool);
            try (PerplexityEvaluator evaluator =
                    new PerplexityEvaluator(model.config(), model.weights(), kernels, 2, 64)) {
                Evaluation evaluation = evaluator.evaluate(EvaluationSet.ofFile(file, model.tokenizer(), 64));
                assertThat(evaluation.tokens())
                        .isEqualTo(golden.path("n_tokens").asInt() - 1);
                assertThat(evaluation.nllPerToken() * evaluation.tokens())
                        .isCloseTo(golden.path("sum_nll_nats").asDouble(), within(1e-3));
                assertThat(evaluation.perplexity()).isCloseTo(golden.path("ppl").asDouble(), within(1e-3));
                assertThat(evaluation.bytes()).isEqualTo(Files.size(file)); // not the space that starts its tokens
            }
        }
    }

    @Test
    void unusableTextIsNamed() throws IOException {
        Path file = temp.resolve("text.txt");
        assertRefused(file, "does not exist");
        Files.createFile(file);
        assertRefused(file, "is empty");
        Files.write(file, new byte[] {(byte) 0xff, 0, 1});
        assertRefused(file, "is not UTF-8 text");
        assertThatThrownBy(() -> EvaluationSet.ofText("a", CharTokenizer.train("a"), 4))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("too few");
    }

    private void assertRefused(Path file, String problem) {
        assertThatThrownBy(() -> EvaluationSet.ofFile(file, tokenizer, 4))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(problem);
    }

    private TokenShards shards(int tokens) throws IOException {
        int[] ids = new int[tokens];
        for (int i = 0; i < tokens; i++) {
            ids[i] = (i * 31 + 7) % tokenizer.vocabSize();
        }
        write(temp.resolve("shards"), tokenizer, ids);
        return TokenShards.open(temp.resolve("shards"));
    }

    private static void write(Path directory, Tokenizer tokenizer, int[] ids) throws IOException {
        Files.createDirectories(directory);
        try (TokenShardWriter writer = new TokenShardWriter(
                directory,
                tokenizer.vocabSize(),
                TokenizerFingerprint.of(tokenizer),
                TokenShardWriter.DEFAULT_TOKENS_PER_SHARD)) {
            writer.append("document", ids, ids.length);
            writer.finish();
        }
    }
}
