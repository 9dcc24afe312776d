package dev.troupe.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.format.durable.DirectoryManifest;
import dev.troupe.model.format.safetensors.NamedTensor;
import dev.troupe.model.format.safetensors.SafetensorsFile;
import dev.troupe.model.format.safetensors.SafetensorsWriter;
import dev.troupe.model.format.safetensors.TensorEntry;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.Parameters;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ModelDirectoryTest {
    private final TensorArena arena = TensorArena.open("test");

    @TempDir
    Path temp;

    @AfterEach
    void closeArena() {
        arena.close();
    }

    static Stream<ModelConfig> configs() {
        return HfConfigTest.configs();
    }

    /** A model that was trained further ends its answers as before. */
    @Test
    void whatEndsAnAnswerIsWritten() throws IOException {
        ModelConfig config = TestModels.llama();
        Path model = temp.resolve("model");
        ModelDirectory.write(model, config, TestModels.random(config, arena, 43), TestModels.tokenizer());
        Files.writeString(model.resolve("generation_config.json"), "{\"eos_token_id\": [7, 9]}");
        LoadedModel loaded = ModelDirectory.load(model, arena);
        Path again = temp.resolve("again");
        ModelDirectory.write(again, config, loaded.weights(), loaded.tokenizer());
        assertThat(ModelDirectory.load(again, arena).tokenizer().endTokens())
                .containsExactlyInAnyOrder(7, 9, TestModels.tokenizer().endOfText());
    }

    @ParameterizedTest
    @MethodSource("configs")
    void whatIsWrittenIsLoadedBitForBit(ModelConfig config) {
        Parameters weights = TestModels.random(config, arena, 42);
        Path model = temp.resolve("model");
        ModelDirectory.write(model, config, weights, TestModels.tokenizer());
        LoadedModel loaded = ModelDirectory.load(model, arena);
        assertThat(loaded.config()).isEqualTo(config);
        assertThat(loaded.weights().flat().toArray()).isEqualTo(weights.flat().toArray());
        assertThat(loaded.tokenizer().encode("the theatre"))
                .isEqualTo(TestModels.tokenizer().encode("the theatre"));
        assertThat(loaded.version())
                .hasSize(12)
                .isEqualTo(sha256(model, "model.safetensors").substring(0, 12));
    }

    private static String sha256(Path model, String file) {
        DirectoryManifest manifest = DirectoryManifest.read(model).orElseThrow();
        return Objects.requireNonNull(manifest.files().get(file)).sha256();
    }

    @Test
    void gpt2HasTransformersNamesShapesAndZeroBiases() {
        ModelConfig config = TestModels.gpt2(false);
        Parameters weights = TestModels.random(config, arena, 1);
        ModelDirectory.write(temp.resolve("model"), config, weights, TestModels.tokenizer());
        try (SafetensorsFile file = SafetensorsFile.open(temp.resolve("model").resolve("model.safetensors"))) {
            Map<String, List<Integer>> shapes = new LinkedHashMap<>();
            file.tensors().forEach((name, entry) -> shapes.put(name, entry.shape()));
            assertThat(shapes)
                    .containsEntry("transformer.wte.weight", List.of(TestModels.VOCAB, 16))
                    .containsEntry("transformer.wpe.weight", List.of(32, 16))
                    .containsEntry("transformer.h.1.attn.c_attn.weight", List.of(16, 48))
                    .containsEntry("transformer.h.1.attn.c_attn.bias", List.of(48))
                    .containsEntry("transformer.h.1.attn.c_proj.bias", List.of(16))
                    .containsEntry("transformer.h.1.mlp.c_fc.weight", List.of(16, 40))
                    .containsEntry("transformer.h.1.mlp.c_fc.bias", List.of(40))
                    .containsEntry("transformer.h.1.mlp.c_proj.weight", List.of(40, 16))
                    .containsEntry("transformer.h.1.ln_1.bias", List.of(16))
                    .containsEntry("transformer.ln_f.bias", List.of(16))
                    .doesNotContainKeys("lm_head.weight", "transformer.wte.bias", "transformer.wpe.bias")
                    .hasSize(2 + 2 * 12 + 2);
            Tensor fileMatrix = file.view("transformer.h.1.mlp.c_fc.weight").orElseThrow();
            Tensor matrix = weights.get("h.1.mlp.c_fc.weight"); // [40, 16]
            assertThat(fileMatrix.get(3 * 40 + 7)).isEqualTo(matrix.get(7 * 16 + 3));
            Tensor bias = file.view("transformer.h.1.attn.c_attn.bias").orElseThrow();
            assertThat(bias.toArray()).containsOnly(0f);
        }
    }

    @Test
    void namesWithoutPrefixBuffersAndATiedHeadAreAccepted() throws IOException {
        Parameters weights = TestModels.random(TestModels.gpt2(true), arena, 2);
        Path model = edited(TestModels.gpt2(true), weights, tensors -> {
            Map<String, Tensor> bare = new LinkedHashMap<>();
            tensors.forEach((name, tensor) -> bare.put(name.replace("transformer.", ""), tensor));
            tensors.clear();
            tensors.putAll(bare);
            tensors.put("lm_head.weight", weights.get("wte.weight"));
            tensors.put("h.0.attn.bias", arena.allocate(1, 1, 4, 4));
            tensors.put("h.0.attn.masked_bias", arena.allocate());
        });
        assertThat(ModelDirectory.load(model, arena).weights().flat().toArray())
                .isEqualTo(weights.flat().toArray());
    }

    @Test
    void headThatDiffersFromATiedEmbeddingIsRefused() throws IOException {
        Path model = edited(
                TestModels.llama(),
                TestModels.random(TestModels.llama(), arena, 3),
                tensors -> tensors.put("lm_head.weight", arena.allocate(TestModels.VOCAB, 16)));
        assertRefused(model, "'lm_head.weight' differs from 'model.embed_tokens.weight'");
    }

    @Test
    void missingExtraAndMisshapenTensorsAreNamed() throws IOException {
        ModelConfig config = TestModels.llama();
        Parameters weights = TestModels.random(config, arena, 4);
        assertRefused(
                edited(config, weights, tensors -> tensors.remove("model.layers.1.mlp.up_proj.weight")),
                "lacks tensor model.layers.1.mlp.up_proj.weight");
        assertRefused(
                edited(config, weights, tensors -> tensors.keySet().removeIf(name -> name.contains("layers.1"))),
                "and 4 more, which config.json asks for");
        assertRefused(
                edited(config, weights, tensors -> tensors.put("model.layers.2.mlp.up_proj.weight", arena.allocate(3))),
                "has tensor model.layers.2.mlp.up_proj.weight, which a model of config.json does not have");
        assertRefused(
                edited(config, weights, tensors -> tensors.put("model.norm.weight", arena.allocate(17))),
                "tensor 'model.norm.weight' has shape [17], but config.json asks for [16]");
    }

    @Test
    void nonZeroBiasOfAModelWithoutIsRefused() throws IOException {
        Tensor bias = arena.allocate(16);
        bias.set(3, 0.5f);
        assertRefused(
                edited(
                        TestModels.gpt2(false),
                        TestModels.random(TestModels.gpt2(false), arena, 5),
                        tensors -> tensors.put("transformer.ln_f.bias", bias)),
                "has tensor transformer.ln_f.bias");
    }

    @Test
    void untiedHeadMustBeThere() throws IOException {
        Parameters weights = TestModels.random(TestModels.mixture(), arena, 6);
        assertRefused(
                edited(TestModels.mixture(), weights, tensors -> tensors.remove("lm_head.weight")),
                "lacks tensor lm_head.weight");
    }

    @Test
    void damagedWeightsAreFoundByTheManifest() throws IOException {
        Path model = temp.resolve("model");
        ModelDirectory.write(
                model, TestModels.llama(), TestModels.random(TestModels.llama(), arena, 7), TestModels.tokenizer());
        try (FileChannel file = FileChannel.open(model.resolve("model.safetensors"), StandardOpenOption.WRITE)) {
            file.write(ByteBuffer.wrap(new byte[] {1}), file.size() - 2);
        }
        assertRefused(model, "model.safetensors is damaged: its SHA-256 is");
    }

    @Test
    void missingFilesAreNamed() throws IOException {
        assertRefused(temp.resolve("nowhere"), "does not exist: a model is a directory with config.json");
        Path model = edited(TestModels.llama(), TestModels.random(TestModels.llama(), arena, 8), tensors -> {});
        Files.delete(model.resolve("model.safetensors"));
        assertRefused(model, "model.safetensors does not exist");
        Files.writeString(model.resolve("model.safetensors.index.json"), "{\"weight_map\": ");
        assertRefused(model, "model.safetensors.index.json is not valid JSON");
        Files.writeString(
                model.resolve("model.safetensors.index.json"), "{\"weight_map\": {\"a\": \"../x.safetensors\"}}");
        assertRefused(model, "names \"../x.safetensors\", which is not a safetensors file beside it");
        Files.delete(model.resolve("model.safetensors.index.json"));
        Files.delete(model.resolve("config.json"));
        assertRefused(model, "config.json does not exist");
    }

    @Test
    void writingAgainReplacesTheModel() throws IOException {
        Path model = temp.resolve("model");
        ModelDirectory.write(
                model, TestModels.llama(), TestModels.random(TestModels.llama(), arena, 9), TestModels.tokenizer());
        String first = ModelDirectory.load(model, arena).version();
        ModelDirectory.write(
                model, TestModels.llama(), TestModels.random(TestModels.llama(), arena, 10), TestModels.tokenizer());
        assertThat(ModelDirectory.load(model, arena).version()).isNotEqualTo(first);
        try (Stream<Path> entries = Files.list(temp)) {
            assertThat(entries).containsExactly(model);
        }
    }

    private void assertRefused(Path model, String problem) {
        assertThatThrownBy(() -> ModelDirectory.load(model, arena))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining(problem);
    }

    /** A model directory as others write it: without a manifest, and with the tensors that {@code edit} leaves. */
    private Path edited(ModelConfig config, Parameters weights, Consumer<Map<String, Tensor>> edit) throws IOException {
        Path model = Files.createTempDirectory(temp, "model");
        ModelDirectory.write(model, config, weights, TestModels.tokenizer());
        Files.delete(model.resolve("manifest.json"));
        Path file = model.resolve("model.safetensors");
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        try (SafetensorsFile original = SafetensorsFile.open(file)) {
            for (TensorEntry entry : original.tensors().values()) {
                Tensor copy = arena.allocate(
                        entry.shape().stream().mapToInt(Integer::intValue).toArray());
                original.read(entry.name(), copy);
                tensors.put(entry.name(), copy);
            }
        }
        edit.accept(tensors);
        List<NamedTensor> named = tensors.entrySet().stream()
                .map(entry -> NamedTensor.of(entry.getKey(), entry.getValue()))
                .toList();
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            SafetensorsWriter.write(out, named, Map.of());
        }
        return model;
    }
}
