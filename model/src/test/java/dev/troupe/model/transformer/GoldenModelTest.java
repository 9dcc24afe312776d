package dev.troupe.model.transformer;

import static dev.troupe.model.transformer.GoldenEntries.assertLogits;
import static dev.troupe.model.transformer.GoldenEntries.ids;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.troupe.model.format.LoadedModel;
import dev.troupe.model.format.ModelDirectory;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.sampling.SamplingOptions;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.SharedData;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A published model (Llama shape, GQA, tied) against the golden values that two independent engines agree on. */
class GoldenModelTest {
    private static final String MODEL = "tinystories-656K";

    static Stream<String> backends() {
        return TestModels.float32Backends().stream();
    }

    @ParameterizedTest
    @MethodSource("backends")
    void continuesAndScoresAsOtherEnginesDo(String backend) throws IOException {
        Path directory = SharedData.find("models/" + MODEL);
        JsonNode golden = new JsonMapper()
                .readTree(SharedData.find("models/golden.json").toFile())
                .get(MODEL);
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(2)) {
            Kernels kernels = KernelProviders.select(backend).create(pool);
            LoadedModel loaded = ModelDirectory.load(directory, arena);
            try (InferenceModel model = InferenceModel.create(loaded.config(), loaded.weights(), kernels, 32, 64)) {
                for (JsonNode entry : golden.get("golden")) {
                    assertLogits(model, entry, 1e-3);
                    assertContinuation(new TextGenerator(model, loaded.tokenizer()), loaded, entry);
                }
            }
            assertPerplexity(loaded, kernels, golden.get("perplexity"));
        }
    }

    private static void assertContinuation(TextGenerator generator, LoadedModel loaded, JsonNode entry) {
        int[] expected = ids(entry.get("greedy_ids"));
        List<Integer> answer = generator.generate(
                ids(entry.get("prompt_ids")), expected.length, SamplingOptions.greedy(), Set.of(), token -> {});
        int[] answered = answer.stream().mapToInt(Integer::intValue).toArray();
        assertThat(answered).isEqualTo(expected);
        assertThat(loaded.tokenizer().decode(answered).strip())
                .isEqualTo(entry.get("greedy_text").asText().strip());
    }

    private static void assertPerplexity(LoadedModel loaded, Kernels kernels, JsonNode golden) {
        int[] text = loaded.tokenizer().encode(golden.get("text").asText());
        int[] inputs = new int[text.length];
        inputs[0] = loaded.tokenizer().beginOfText().orElseThrow();
        System.arraycopy(text, 0, inputs, 1, text.length - 1);
        try (TrainingStage stage = new TrainingStage(
                loaded.config(), StageRange.whole(loaded.config()), kernels, loaded.weights(), null, 1, text.length)) {
            double loss = stage.evaluate(inputs, text);
            assertThat(1 + text.length).isEqualTo(golden.get("n_tokens").asInt()); // with the beginning-of-text token
            assertThat(loss * text.length).isCloseTo(golden.get("sum_nll_nats").asDouble(), within(1e-2));
            assertThat(Math.exp(loss)).isCloseTo(golden.get("ppl").asDouble(), within(1e-2));
        }
    }
}
