package dev.troupe.model.format;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * Hugging Face's config.json. {@code LlamaForCausalLM}, {@code MistralForCausalLM}, {@code Qwen2ForCausalLM} and
 * {@code GPT2LMHeadModel} are read and written with the keys that transformers has for them; what it has no key for
 * (dropout of a Llama; GPT-2 without biases) stands in an object "troupe" that others ignore. A mixture that no class
 * of transformers computes, such as GPT-2 with RMSNorm, is written as {@code TroupeForCausalLM}, so that no other tool
 * loads it as what it is not.
 */
public final class HfConfig {
    /** The usual file name in a model directory. */
    public static final String FILE_NAME = "config.json";

    private static final String LLAMA = "LlamaForCausalLM";
    private static final String MISTRAL = "MistralForCausalLM";
    private static final String QWEN2 = "Qwen2ForCausalLM";
    private static final String GPT2 = "GPT2LMHeadModel";
    private static final String OWN = "TroupeForCausalLM";

    private static final String LAYERS = "num_hidden_layers";
    private static final String GPT2_LAYERS = "n_layer";

    /** Keys that others do not have. */
    private static final String EXTENSION = "troupe";

    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private HfConfig() {}

    /**
     * Reads a config.json.
     *
     * @throws TroupeException naming the file and the key, or the architecture and those that are supported
     */
    public static ModelConfig read(Path file) {
        try {
            return parse(file.toString(), Files.readString(file));
        } catch (NoSuchFileException e) {
            throw new TroupeException(
                    file + " does not exist: a model directory has " + FILE_NAME + ", model.safetensors and "
                            + "tokenizer.json",
                    e);
        } catch (IOException e) {
            throw new TroupeException(file + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** As {@link #read}; {@code fileName} is for messages. */
    static ModelConfig parse(String fileName, String json) {
        JsonNode root;
        try {
            root = JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new TroupeException(fileName + " is not valid JSON: " + e.getOriginalMessage(), e);
        }
        if (!root.isObject()) {
            throw new TroupeException(fileName + " is not a JSON object");
        }
        JsonFields fields = new JsonFields(fileName, root);
        String architecture = root.path("architectures").path(0).asText("");
        if (architecture.isEmpty()) {
            architecture = fields.text("model_type", "");
        }
        try {
            return switch (architecture) {
                case LLAMA, "llama" -> llama(fields);
                case MISTRAL, "mistral" -> mistral(fields);
                case QWEN2, "qwen2" -> qwen2(fields);
                case GPT2, "gpt2" -> gpt2(fields);
                case OWN -> mixture(fields);
                default ->
                    throw new TroupeException(fileName + ": architecture '" + JsonFields.shown(architecture)
                            + "' is not supported; supported are "
                            + String.join(", ", LLAMA, MISTRAL, QWEN2, GPT2));
            };
        } catch (IllegalArgumentException e) {
            throw new TroupeException(fileName + ": " + e.getMessage(), e);
        }
    }

    private static ModelConfig llama(JsonFields fields) {
        fields.require(fields.text("hidden_act", "silu").equals("silu"), "hidden_act", "\"silu\"");
        boolean bias = fields.flag("attention_bias", false);
        boolean mlpBias = fields.flag("mlp_bias", false);
        fields.require(bias || !mlpBias, "mlp_bias", "false without attention_bias");
        return common(
                fields, "llama", NormKind.RMS, MlpKind.SWIGLU, PositionKind.ROTARY, new Biases(mlpBias, bias, bias), 0);
    }

    private static ModelConfig mistral(JsonFields fields) {
        fields.require(fields.text("hidden_act", "silu").equals("silu"), "hidden_act", "\"silu\"");
        int window = fields.positive("sliding_window", 0);
        return common(
                fields,
                "llama",
                NormKind.RMS,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                new Biases(false, false, false),
                window);
    }

    private static ModelConfig qwen2(JsonFields fields) {
        fields.require(fields.text("hidden_act", "silu").equals("silu"), "hidden_act", "\"silu\"");
        int window = fields.flag("use_sliding_window", false) ? fields.positive("sliding_window", 0) : 0;
        if (window > 0) {
            boolean everyLayer = fields.number("max_window_layers", 0) == 0;
            fields.require(everyLayer, "max_window_layers", "0: a window in every layer");
        }
        return common(
                fields,
                "qwen2",
                NormKind.RMS,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                new Biases(false, true, false),
                window);
    }

    /** Which linear layers have biases: all, queries, keys and values, and attention's output. */
    private record Biases(boolean all, boolean qkv, boolean attentionOut) {}

    private static ModelConfig mixture(JsonFields fields) {
        JsonFields own = fields.nested(EXTENSION);
        return common(
                fields,
                own.text("architecture", ""),
                choice(own, "norm", NormKind.class),
                choice(own, "mlp", MlpKind.class),
                choice(own, "positions", PositionKind.class),
                new Biases(
                        own.flag("bias", false),
                        own.flag("qkv_bias", own.flag("bias", false)),
                        own.flag("attention_out_bias", own.flag("bias", false))),
                fields.positive("sliding_window", 0));
    }

    private static ModelConfig common(
            JsonFields fields,
            String architecture,
            NormKind norm,
            MlpKind mlp,
            PositionKind positions,
            Biases biases,
            int slidingWindow) {
        int dim = fields.upTo(ModelConfig.MOST_WIDTH, "hidden_size");
        int numHeads = fields.upTo(ModelConfig.MOST_WIDTH, "num_attention_heads");
        int contextLength = fields.upTo(ModelConfig.MOST_CONTEXT, "max_position_embeddings");
        return new ModelConfig(
                architecture,
                fields.upTo(ModelConfig.MOST_TOKENS, "vocab_size"),
                dim,
                fields.upTo(ModelConfig.MOST_LAYERS, LAYERS),
                numHeads,
                fields.upTo(ModelConfig.MOST_WIDTH, "num_key_value_heads", numHeads),
                fields.has("head_dim")
                        ? fields.upTo(ModelConfig.MOST_WIDTH, "head_dim")
                        : headDim(fields, "hidden_size", dim, numHeads),
                fields.upTo(ModelConfig.MOST_WIDTH, "intermediate_size"),
                contextLength,
                norm,
                (float) fields.number("rms_norm_eps", 1e-6),
                mlp,
                positions,
                HfRopeScaling.theta(fields),
                fields.flag("tie_word_embeddings", false),
                biases.all(),
                (float) fields.nested(EXTENSION).number("dropout", 0),
                biases.qkv(),
                HfRopeScaling.read(fields, contextLength),
                slidingWindow,
                biases.attentionOut());
    }

    private static ModelConfig gpt2(JsonFields fields) {
        String activation = fields.text("activation_function", "gelu_new");
        fields.require(
                activation.equals("gelu_new") || activation.equals("gelu_pytorch_tanh"),
                "activation_function",
                "\"gelu_new\"");
        fields.require(fields.flag("scale_attn_weights", true), "scale_attn_weights", "true");
        fields.require(
                !fields.flag("scale_attn_by_inverse_layer_idx", false), "scale_attn_by_inverse_layer_idx", "false");
        int dim = fields.upTo(ModelConfig.MOST_WIDTH, "n_embd");
        int numHeads = fields.upTo(ModelConfig.MOST_WIDTH, "n_head");
        return new ModelConfig(
                "gpt2",
                fields.upTo(ModelConfig.MOST_TOKENS, "vocab_size"),
                dim,
                fields.upTo(ModelConfig.MOST_LAYERS, GPT2_LAYERS),
                numHeads,
                numHeads,
                headDim(fields, "n_embd", dim, numHeads),
                fields.upTo(ModelConfig.MOST_WIDTH, "n_inner", 4 * dim),
                fields.upTo(ModelConfig.MOST_CONTEXT, fields.has("n_positions") ? "n_positions" : "n_ctx"),
                NormKind.LAYER,
                (float) fields.number("layer_norm_epsilon", 1e-5),
                MlpKind.GELU,
                PositionKind.LEARNED,
                10_000,
                fields.flag("tie_word_embeddings", true),
                fields.nested(EXTENSION).flag("bias", true),
                (float) fields.number("resid_pdrop", 0));
    }

    private static int headDim(JsonFields fields, String key, int dim, int numHeads) {
        fields.require(dim % numHeads == 0, key, "a multiple of the number of heads (" + numHeads + ")");
        return dim / numHeads;
    }

    private static <E extends Enum<E>> E choice(JsonFields fields, String key, Class<E> kinds) {
        String name = fields.text(key, "");
        for (E kind : kinds.getEnumConstants()) {
            if (name(kind).equals(name)) {
                return kind;
            }
        }
        fields.require(false, key, String.join(" or ", names(kinds.getEnumConstants())));
        throw new IllegalStateException("not reached: the key was refused");
    }

    private static <E extends Enum<E>> Iterable<String> names(E[] kinds) {
        return Arrays.stream(kinds).map(HfConfig::name).toList();
    }

    private static String name(Enum<?> kind) {
        return kind.name().toLowerCase(Locale.ROOT);
    }

    /** The text of a config.json, with the ids of the tokenizer's first and last token of a text. */
    public static String toJson(ModelConfig config, Tokenizer tokenizer) {
        ObjectNode root = tree(config);
        tokenizer.beginOfText().ifPresentOrElse(id -> root.put("bos_token_id", id), () -> root.putNull("bos_token_id"));
        if (tokenizer.endOfText() >= 0) {
            root.put("eos_token_id", tokenizer.endOfText());
        } else {
            root.putNull("eos_token_id");
        }
        try {
            return JSON.writeValueAsString(root) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of numbers and strings has a JSON form", e);
        }
    }

    /**
     * The configuration that reading it back gives: without what its architecture does not use, such as the rotary base
     * of a model with learned positions.
     */
    static ModelConfig normalized(ModelConfig config) {
        return parse(FILE_NAME, tree(config).toString());
    }

    private static ObjectNode tree(ModelConfig config) {
        ObjectNode root = JSON.createObjectNode();
        if (isLlama(config)) {
            writeLlama(root, config);
        } else if (isGpt2(config)) {
            writeGpt2(root, config);
        } else {
            writeMixture(root, config);
        }
        root.put("vocab_size", config.vocabSize());
        root.put("tie_word_embeddings", config.tiedEmbeddings());
        root.put("initializer_range", 0.02);
        root.put("torch_dtype", "float32");
        root.put("use_cache", true);
        return root;
    }

    /** The key of the number of layers. */
    static String layersKey(ModelConfig config) {
        return isGpt2(config) ? GPT2_LAYERS : LAYERS;
    }

    private static boolean isLlama(ModelConfig config) {
        return (config.architecture().equals("llama") || config.architecture().equals("qwen2"))
                && config.norm() == NormKind.RMS
                && config.mlp() == MlpKind.SWIGLU
                && config.positions() == PositionKind.ROTARY
                // Neither Qwen 2 nor Mistral has it.
                && (!config.attentionOutBias()
                        || (config.architecture().equals("llama") && config.slidingWindow() == 0));
    }

    private static boolean isGpt2(ModelConfig config) {
        return config.architecture().equals("gpt2")
                && config.norm() == NormKind.LAYER
                && config.mlp() == MlpKind.GELU
                && config.positions() == PositionKind.LEARNED
                && config.numKvHeads() == config.numHeads()
                && config.headDim() * config.numHeads() == config.dim()
                && config.qkvBias() == config.bias()
                && config.attentionOutBias() == config.bias()
                && config.slidingWindow() == 0;
    }

    private static void writeLlama(ObjectNode root, ModelConfig config) {
        boolean windowed = config.slidingWindow() > 0;
        if (config.architecture().equals("qwen2") || (config.qkvBias() && !config.attentionOutBias())) {
            writeCommon(root, QWEN2, "qwen2", config);
            root.put("use_sliding_window", windowed);
            root.put("max_window_layers", windowed ? 0 : config.numLayers());
        } else if (windowed) {
            writeCommon(root, MISTRAL, "mistral", config);
        } else {
            writeCommon(root, LLAMA, "llama", config);
            root.put("attention_bias", config.attentionOutBias());
            root.put("mlp_bias", config.bias());
            root.put("pretraining_tp", 1);
        }
        if (windowed) {
            root.put("sliding_window", config.slidingWindow());
        } else {
            root.putNull("sliding_window");
        }
        root.put("hidden_act", "silu");
        root.put("attention_dropout", 0.0);
        if (config.dropout() > 0) {
            root.putObject(EXTENSION).put("dropout", decimal(config.dropout()));
        }
    }

    private static void writeMixture(ObjectNode root, ModelConfig config) {
        writeCommon(root, OWN, EXTENSION, config);
        if (config.slidingWindow() > 0) {
            root.put("sliding_window", config.slidingWindow());
        }
        root.putObject(EXTENSION)
                .put("architecture", config.architecture())
                .put("norm", name(config.norm()))
                .put("mlp", name(config.mlp()))
                .put("positions", name(config.positions()))
                .put("bias", config.bias())
                .put("qkv_bias", config.qkvBias())
                .put("attention_out_bias", config.attentionOutBias())
                .put("dropout", decimal(config.dropout()));
    }

    private static void writeCommon(ObjectNode root, String architecture, String modelType, ModelConfig config) {
        root.putArray("architectures").add(architecture);
        root.put("model_type", modelType);
        root.put("hidden_size", config.dim());
        root.put("intermediate_size", config.ffnDim());
        root.put(LAYERS, config.numLayers());
        root.put("num_attention_heads", config.numHeads());
        root.put("num_key_value_heads", config.numKvHeads());
        root.put("head_dim", config.headDim());
        root.put("max_position_embeddings", config.contextLength());
        root.put("rms_norm_eps", decimal(config.normEpsilon()));
        root.put("rope_theta", config.ropeTheta());
        HfRopeScaling.write(root, config.ropeScaling());
    }

    private static void writeGpt2(ObjectNode root, ModelConfig config) {
        root.putArray("architectures").add(GPT2);
        root.put("model_type", "gpt2");
        root.put("activation_function", "gelu_new");
        root.put("n_embd", config.dim());
        root.put(GPT2_LAYERS, config.numLayers());
        root.put("n_head", config.numHeads());
        root.put("n_inner", config.ffnDim());
        root.put("n_positions", config.contextLength());
        root.put("n_ctx", config.contextLength());
        root.put("layer_norm_epsilon", decimal(config.normEpsilon()));
        root.put("resid_pdrop", decimal(config.dropout()));
        root.put("embd_pdrop", decimal(config.dropout()));
        root.put("attn_pdrop", decimal(config.dropout()));
        if (!config.bias()) {
            root.putObject(EXTENSION).put("bias", false);
        }
    }

    /** The double that a person would write for this float: 1e-5f is 1.0E-5, not 9.999999747378752E-6. */
    private static double decimal(float value) {
        return Double.parseDouble(Float.toString(value));
    }
}
