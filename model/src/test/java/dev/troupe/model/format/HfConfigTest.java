package dev.troupe.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.config.RopeScaling;
import dev.troupe.model.tokenizer.CharTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class HfConfigTest {
    /** As the published GPT-2 has it, shortened to what matters. */
    private static final String GPT2 = """
            {"activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "attn_pdrop": 0.1,
             "bos_token_id": 50256, "embd_pdrop": 0.1, "eos_token_id": 50256, "layer_norm_epsilon": 1e-05,
             "model_type": "gpt2", "n_ctx": 1024, "n_embd": 768, "n_head": 12, "n_layer": 12, "n_positions": 1024,
             "resid_pdrop": 0.1, "vocab_size": 50257}
            """;

    private static final String LLAMA = """
            {"architectures": ["LlamaForCausalLM"], "hidden_act": "silu", "hidden_size": 128, "intermediate_size": 384,
             "max_position_embeddings": 512, "num_attention_heads": 8, "num_hidden_layers": 2,
             "num_key_value_heads": 4, "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 500000.0,
             "tie_word_embeddings": true, "vocab_size": 2048}
            """;

    @TempDir
    Path directory;

    @Test
    void gpt2IsRead() {
        ModelConfig config = HfConfig.parse("config.json", GPT2);
        assertThat(config.dim()).isEqualTo(768);
        assertThat(config.ffnDim()).isEqualTo(3072);
        assertThat(config.headDim()).isEqualTo(64);
        assertThat(config.contextLength()).isEqualTo(1024);
        assertThat(config.norm()).isEqualTo(NormKind.LAYER);
        assertThat(config.positions()).isEqualTo(PositionKind.LEARNED);
        assertThat(config.normEpsilon()).isEqualTo(1e-5f);
        assertThat(config.tiedEmbeddings()).isTrue();
        assertThat(config.bias()).isTrue();
        assertThat(config.dropout()).isEqualTo(0.1f);
    }

    @Test
    void llamaIsRead() {
        ModelConfig config = HfConfig.parse("config.json", LLAMA);
        assertThat(config.numKvHeads()).isEqualTo(4);
        assertThat(config.headDim()).isEqualTo(16);
        assertThat(config.ropeTheta()).isEqualTo(500_000);
        assertThat(config.normEpsilon()).isEqualTo(1e-6f);
        assertThat(config.bias()).isFalse();
        assertThat(HfConfig.parse(
                                "config.json", LLAMA.replace("\"rope_scaling\"", "\"head_dim\": 32, \"rope_scaling\""))
                        .headDim())
                .isEqualTo(32);
    }

    @Test
    void mistralAndQwen2AreRead() {
        String mistral = LLAMA.replace("LlamaForCausalLM", "MistralForCausalLM");
        ModelConfig plain = HfConfig.parse("config.json", mistral);
        assertThat(plain.architecture()).isEqualTo("llama");
        assertThat(plain.slidingWindow()).isZero();
        String windowed = mistral.replace("\"rope_scaling\"", "\"sliding_window\": 256, \"rope_scaling\"");
        assertThat(HfConfig.parse("config.json", windowed).slidingWindow()).isEqualTo(256);
        ModelConfig qwen = HfConfig.parse(
                "config.json",
                LLAMA.replace("LlamaForCausalLM", "Qwen2ForCausalLM")
                        .replace(
                                "\"rope_scaling\"",
                                "\"use_sliding_window\": false, \"sliding_window\": 32, \"rope_scaling\""));
        assertThat(qwen.architecture()).isEqualTo("qwen2");
        assertThat(qwen.qkvBias()).isTrue();
        assertThat(qwen.bias()).isFalse();
        assertThat(qwen.slidingWindow()).isZero();
    }

    @Test
    void ropeScalingIsReadUnderItsNames() {
        assertThat(scaling("\"rope_scaling\": {\"type\": \"linear\", \"factor\": 2.0}"))
                .isEqualTo(new RopeScaling.Linear(2));
        assertThat(scaling("\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 32.0, \"low_freq_factor\": 1.0,"
                        + " \"high_freq_factor\": 4.0, \"original_max_position_embeddings\": 8192}"))
                .isEqualTo(new RopeScaling.Llama3(32, 1, 4, 8192));
        assertThat(scaling("\"rope_scaling\": {\"type\": \"yarn\", \"factor\": 4.0,"
                        + " \"original_max_position_embeddings\": 128}"))
                .isEqualTo(new RopeScaling.Yarn(4, 128, 32, 1, 0.1 * Math.log(4) + 1));
        assertThat(scaling("\"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 7.0}"))
                .isNull();
        assertThatThrownBy(() -> scaling("\"rope_scaling\": {\"type\": \"longrope\", \"factor\": 4.0}"))
                .hasMessageContaining("rope_scaling.rope_type is");
    }

    private static @Nullable RopeScaling scaling(String json) {
        return HfConfig.parse("config.json", LLAMA.replace("\"rope_scaling\": null", json))
                .ropeScaling();
    }

    static Stream<ModelConfig> configs() {
        return Stream.of(
                TestModels.llama(),
                TestModels.gpt2(true),
                TestModels.gpt2(false),
                TestModels.mixture(),
                TestModels.qwen2(),
                TestModels.attentionBiases(),
                TestModels.scaled(new RopeScaling.Linear(4), 0),
                TestModels.scaled(new RopeScaling.Llama3(8, 1, 4, 8192), 0),
                TestModels.scaled(new RopeScaling.Yarn(4, 64, 32, 1, 1.25), 24),
                TestModels.scaled(null, 24));
    }

    @ParameterizedTest
    @MethodSource("configs")
    void whatIsWrittenIsReadBack(ModelConfig config) throws IOException {
        String json = HfConfig.toJson(config, TestModels.tokenizer());
        assertThat(HfConfig.parse("config.json", json)).isEqualTo(config);
        JsonNode root = new JsonMapper().readTree(json);
        assertThat(root.path("eos_token_id").isInt()).isTrue();
        assertThat(root.path("bos_token_id").isNull()).isTrue();
        assertThat(root.path("torch_dtype").asText()).isEqualTo("float32");
        String withoutTokens = HfConfig.toJson(config, CharTokenizer.train("abc"));
        assertThat(new JsonMapper().readTree(withoutTokens).path("eos_token_id").isNull())
                .isTrue();
    }

    @Test
    void whatOthersWouldComputeDifferentlyHasAnotherArchitecture() throws IOException {
        assertThat(architecture(TestModels.llama())).isEqualTo("LlamaForCausalLM");
        assertThat(architecture(TestModels.gpt2(false))).isEqualTo("GPT2LMHeadModel");
        assertThat(architecture(TestModels.mixture())).isEqualTo("TroupeForCausalLM");
    }

    @Test
    void biasesOfALlama() {
        ModelConfig attention = llama("\"attention_bias\": true, \"mlp_bias\": false");
        assertThat(attention.bias()).isFalse();
        assertThat(attention.qkvBias()).isTrue();
        assertThat(attention.attentionOutBias()).isTrue();
        assertThat(llama("\"attention_bias\": true")).isEqualTo(attention);
        assertThat(llama("\"attention_bias\": true, \"mlp_bias\": true").bias()).isTrue();
        assertThatThrownBy(() -> llama("\"mlp_bias\": true"))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("mlp_bias is true, but only false without attention_bias is supported");
    }

    private static ModelConfig llama(String fields) {
        return HfConfig.parse("config.json", LLAMA.replace("\"rope_scaling\"", fields + ", \"rope_scaling\""));
    }

    private static String architecture(ModelConfig config) throws IOException {
        return new JsonMapper()
                .readTree(HfConfig.toJson(config, TestModels.tokenizer()))
                .path("architectures")
                .path(0)
                .asText();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            "LlamaForCausalLM"               | "MambaForCausalLM"           | architecture 'MambaForCausalLM' is not supported; supported are LlamaForCausalLM, MistralForCausalLM
            "hidden_act": "silu"             | "hidden_act": "relu"         | hidden_act is "relu", but only "silu" is supported
            "rope_scaling": null             | "rope_scaling": {"factor":8} | rope_scaling.rope_type is , but only "linear", "llama3" or "yarn"
            "hidden_size": 128               | "hidden_size": "128"         | hidden_size must be a whole number
            "hidden_size": 128               | "hidden_size": 12.5          | hidden_size must be a whole number
            "hidden_size": 128               | "hidden_size": -4            | hidden_size must be a whole number
            "hidden_size": 128               | "hidden_size": 99999999999   | hidden_size must be a whole number
            "hidden_size": 128,              | ~~                           | hidden_size is missing
            "hidden_size": 128               | "hidden_size": 129           | hidden_size is 129, but only a multiple of the number of heads (8)
            "num_key_value_heads": 4         | "num_key_value_heads": 3     | must be a multiple of model.numKvHeads
            "rms_norm_eps": 1e-06            | "rms_norm_eps": "small"      | rms_norm_eps must be a number
            "tie_word_embeddings": true      | "tie_word_embeddings": 1     | tie_word_embeddings must be true or false
            "vocab_size": 2048}              | "vocab_size": 2048           | not valid JSON
            """)
    void wrongValueIsNamed(String original, String replacement, String problem) {
        assertThat(LLAMA).contains(original);
        String json = LLAMA.replace(original, replacement);
        assertThatThrownBy(() -> HfConfig.parse("dir/config.json", json))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("dir/config.json")
                .hasMessageContaining(problem);
    }

    @Test
    void missingFileSaysWhatAModelDirectoryHas() {
        assertThatThrownBy(() -> HfConfig.read(directory.resolve("config.json")))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("does not exist")
                .hasMessageContaining("tokenizer.json");
    }
}
