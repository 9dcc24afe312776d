package dev.troupe.model.format;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.config.RopeScaling;
import dev.troupe.model.gguf.GgufFile;
import dev.troupe.model.gguf.GgufMetadata;
import dev.troupe.model.gguf.GgufTensor;
import dev.troupe.model.gguf.MetadataValue;
import dev.troupe.model.layer.RotaryFrequencies;
import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A model's shape in the metadata of a GGUF file: keys under the name of its architecture, and what only the presence
 * of tensors says (biases, a head of its own, rotary frequencies with divisors).
 */
final class GgufConfig {
    static final String ARCHITECTURE = "general.architecture";
    static final String HEAD = "output.weight";
    static final String EMBEDDING = "token_embd.weight";
    static final String ROPE_DIVISORS = "rope_freqs.weight";

    private static final Set<String> SUPPORTED = Set.of("llama", "qwen2", "gpt2");
    private static final double DEFAULT_THETA = 10_000;
    private static final double BETA_FAST = 32;
    private static final double BETA_SLOW = 1;
    /** What Llama 3.1 and 3.2 were made with; a file has only the divisors that come of it. */
    private static final RopeScaling.Llama3 LLAMA_3 = new RopeScaling.Llama3(8, 1, 4, 8192);

    private static final double SAME_DIVISOR = 1e-5; // relative: they are stored as float32

    private final GgufFile file;
    private final GgufMetadata metadata;
    private final String architecture;

    private GgufConfig(GgufFile file) {
        this.file = file;
        this.metadata = file.metadata();
        this.architecture = metadata.text(ARCHITECTURE)
                .orElseThrow(() -> new TroupeException(file.path() + ": " + ARCHITECTURE + " is missing"));
    }

    /**
     * The configuration of a file.
     *
     * @throws TroupeException naming the key that is missing, wrong or of a kind that is not supported
     */
    static ModelConfig read(GgufFile file) {
        try {
            return new GgufConfig(file).read();
        } catch (IllegalArgumentException e) {
            throw new TroupeException(file.path() + ": " + e.getMessage(), e);
        }
    }

    private ModelConfig read() {
        if (!SUPPORTED.contains(architecture)) {
            throw new TroupeException(file.path() + ": architecture '" + GgufMetadata.shown(architecture)
                    + "' is not supported; supported are "
                    + String.join(", ", SUPPORTED.stream().sorted().toList()));
        }
        if (file.tensors().isEmpty()) {
            throw new TroupeException(file.path() + " holds a vocabulary only, no weights: take the model's file");
        }
        require("expert_count", metadata.count(key("expert_count")).orElse(0) == 0, "0: mixtures of experts are not");
        boolean gpt2 = architecture.equals("gpt2");
        int dim = metadata.upTo(ModelConfig.MOST_WIDTH, key("embedding_length"));
        int numHeads = metadata.upTo(ModelConfig.MOST_WIDTH, key("attention.head_count"));
        int headDim = metadata.upTo(ModelConfig.MOST_WIDTH, key("attention.key_length"), dim / numHeads);
        int contextLength = metadata.upTo(ModelConfig.MOST_CONTEXT, key("context_length"));
        requireSameHeads(headDim);
        boolean bias = file.tensors().containsKey(gpt2 ? "blk.0.attn_qkv.bias" : "blk.0.ffn_down.bias");
        boolean qkvBias = bias || file.tensors().containsKey("blk.0.attn_q.bias");
        boolean attentionOutBias = bias || file.tensors().containsKey("blk.0.attn_output.bias");
        return new ModelConfig(
                architecture,
                vocabSize(),
                dim,
                numLayers(),
                numHeads,
                kvHeads(numHeads),
                headDim,
                metadata.upTo(ModelConfig.MOST_WIDTH, key("feed_forward_length")),
                contextLength,
                gpt2 ? NormKind.LAYER : NormKind.RMS,
                epsilon(gpt2),
                gpt2 ? MlpKind.GELU : MlpKind.SWIGLU,
                gpt2 ? PositionKind.LEARNED : PositionKind.ROTARY,
                metadata.number(key("rope.freq_base")).orElse(DEFAULT_THETA),
                isTied(gpt2),
                bias,
                0,
                qkvBias,
                scaling(headDim, contextLength),
                metadata.count(key("attention.sliding_window")).orElse(0),
                attentionOutBias);
    }

    /** Files of GPT-2 have the head, though it is the embedding: llama.cpp, early in 2025, reads none without it. */
    private boolean isTied(boolean gpt2) {
        GgufTensor head = file.tensors().get(HEAD);
        GgufTensor embedding = file.tensors().get(EMBEDDING);
        if (head == null) {
            return true;
        }
        if (!gpt2 || embedding == null || head.type() != embedding.type()) {
            return false;
        }
        boolean same = file.data(head).mismatch(file.data(embedding)) == -1;
        file.forget(head);
        file.forget(embedding);
        return same;
    }

    /** Whether a file of this model has its embedding a second time, as its head. */
    static boolean repeatsEmbedding(ModelConfig config) {
        return config.architecture().equals("gpt2") && config.tiedEmbeddings();
    }

    private String key(String name) {
        return architecture + "." + name;
    }

    private void require(String name, boolean holds, String supported) {
        if (!holds) {
            throw new TroupeException(file.path() + ": " + key(name) + " must be " + supported + " supported");
        }
    }

    /** Each layer has tensors of its own. This comes before anything is made for each of them. */
    private int numLayers() {
        String key = key("block_count");
        int layers = metadata.upTo(ModelConfig.MOST_LAYERS, key);
        int tensors = file.tensors().size();
        if (layers > tensors) {
            throw new TroupeException(file.path() + ": " + key + " is " + layers + ", but there are only " + tensors
                    + " tensors, less than one for each layer: the file is damaged, take it again");
        }
        return layers;
    }

    private int vocabSize() {
        GgufTensor embedding = file.tensors().get(EMBEDDING);
        if (embedding == null || embedding.shape().size() != 2) {
            throw new TroupeException(file.path() + " lacks the matrix " + EMBEDDING);
        }
        return embedding.shape().getFirst();
    }

    private float epsilon(boolean gpt2) {
        String name = gpt2 ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon";
        return metadata.number(key(name))
                .orElseThrow(() -> new TroupeException(file.path() + ": " + key(name) + " is missing"))
                .floatValue();
    }

    /** One number, or one for each layer that must all be the same. */
    private int kvHeads(int numHeads) {
        String key = key("attention.head_count_kv");
        MetadataValue value = metadata.entries().get(key);
        if (value == null || !value.array()) {
            return metadata.upTo(ModelConfig.MOST_WIDTH, key, numHeads);
        }
        List<Integer> heads = metadata.counts(key).orElseThrow();
        if (heads.stream().distinct().count() != 1) {
            throw new TroupeException(
                    file.path() + ": " + key + " differs from layer to layer, which is not supported");
        }
        return heads.getFirst();
    }

    private void requireSameHeads(int headDim) {
        int valueDim = metadata.positive(key("attention.value_length"), headDim);
        require("attention.value_length", valueDim == headDim, headDim + ", as attention.key_length: others are not");
        int turned = metadata.positive(key("rope.dimension_count"), headDim);
        require("rope.dimension_count", turned == headDim, headDim + ": heads of which a part turns are not");
    }

    private @Nullable RopeScaling scaling(int headDim, int contextLength) {
        GgufTensor divisors = file.tensors().get(ROPE_DIVISORS);
        if (divisors != null) {
            return divisors(divisors, headDim);
        }
        double factor = metadata.number(key("rope.scaling.factor"))
                .or(() -> metadata.number(key("rope.scale_linear")))
                .orElse(1.0);
        String type = metadata.text(key("rope.scaling.type")).orElse(factor > 0 && factor != 1 ? "linear" : "none");
        return switch (type) {
            case "none" -> null;
            case "linear" -> factor == 1 ? null : new RopeScaling.Linear(factor);
            case "yarn" ->
                new RopeScaling.Yarn(
                        factor,
                        metadata.positive(key("rope.scaling.original_context_length"), contextLength),
                        metadata.number(key("rope.scaling.yarn_beta_fast")).orElse(BETA_FAST),
                        metadata.number(key("rope.scaling.yarn_beta_slow")).orElse(BETA_SLOW),
                        RopeScaling.Yarn.defaultAttentionFactor(factor)
                                * metadata.number(key("rope.scaling.attn_factor"))
                                        .orElse(1.0));
            default ->
                throw new TroupeException(file.path() + ": " + key("rope.scaling.type") + " is '"
                        + GgufMetadata.shown(type) + "'; supported are none, linear and yarn");
        };
    }

    private RopeScaling divisors(GgufTensor tensor, int headDim) {
        if (tensor.type() != StorageType.F32 || tensor.size() != headDim / 2) {
            throw new TroupeException(
                    file.path() + ": " + ROPE_DIVISORS + " must have " + headDim / 2 + " F32 numbers");
        }
        float[] numbers = file.data(tensor).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
        List<Float> divisors = new ArrayList<>();
        float greatest = 1;
        for (float number : numbers) {
            divisors.add(number);
            greatest = Math.max(greatest, number);
        }
        RopeScaling.Llama3 known = new RopeScaling.Llama3(
                greatest, LLAMA_3.lowFrequencyFactor(), LLAMA_3.highFrequencyFactor(), LLAMA_3.originalContext());
        return isThat(known, divisors, headDim) ? known : new RopeScaling.Divisors(divisors);
    }

    private boolean isThat(RopeScaling.Llama3 known, List<Float> divisors, int headDim) {
        double theta = metadata.number(key("rope.freq_base")).orElse(DEFAULT_THETA);
        for (int i = 0; i < divisors.size(); i++) {
            double expected = RotaryFrequencies.divisor(known, StrictMath.pow(theta, -2.0 * i / headDim));
            if (!(Math.abs(divisors.get(i) - expected) <= SAME_DIVISOR * expected)) {
                return false;
            }
        }
        return true;
    }

    /** The metadata of a configuration. */
    static Map<String, MetadataValue> write(ModelConfig config) {
        String architecture = config.architecture();
        boolean rotary = config.positions() == PositionKind.ROTARY;
        requireWritable(config);
        Map<String, MetadataValue> metadata = new LinkedHashMap<>();
        metadata.put(ARCHITECTURE, MetadataValue.text(architecture));
        String p = architecture + ".";
        metadata.put(p + "context_length", MetadataValue.uint32(config.contextLength()));
        metadata.put(p + "embedding_length", MetadataValue.uint32(config.dim()));
        metadata.put(p + "block_count", MetadataValue.uint32(config.numLayers()));
        metadata.put(p + "feed_forward_length", MetadataValue.uint32(config.ffnDim()));
        metadata.put(p + "attention.head_count", MetadataValue.uint32(config.numHeads()));
        if (!rotary) {
            metadata.put(p + "attention.layer_norm_epsilon", MetadataValue.float32(config.normEpsilon()));
            return metadata;
        }
        metadata.put(p + "attention.head_count_kv", MetadataValue.uint32(config.numKvHeads()));
        if (config.headDim() * config.numHeads() != config.dim()) {
            metadata.put(p + "attention.key_length", MetadataValue.uint32(config.headDim()));
            metadata.put(p + "attention.value_length", MetadataValue.uint32(config.headDim()));
        }
        metadata.put(p + "attention.layer_norm_rms_epsilon", MetadataValue.float32(config.normEpsilon()));
        metadata.put(p + "rope.dimension_count", MetadataValue.uint32(config.headDim()));
        metadata.put(p + "rope.freq_base", MetadataValue.float32((float) config.ropeTheta()));
        metadata.put(p + "vocab_size", MetadataValue.uint32(config.vocabSize()));
        if (config.slidingWindow() > 0) {
            metadata.put(p + "attention.sliding_window", MetadataValue.uint32(config.slidingWindow()));
        }
        writeScaling(p + "rope.scaling.", config.ropeScaling(), metadata);
        return metadata;
    }

    private static void writeScaling(
            String prefix, @Nullable RopeScaling scaling, Map<String, MetadataValue> metadata) {
        switch (scaling) {
            case RopeScaling.Linear(double factor) -> {
                metadata.put(prefix + "type", MetadataValue.text("linear"));
                metadata.put(prefix + "factor", MetadataValue.float32((float) factor));
            }
            case RopeScaling.Yarn yarn -> {
                metadata.put(prefix + "type", MetadataValue.text("yarn"));
                metadata.put(prefix + "factor", MetadataValue.float32((float) yarn.factor()));
                metadata.put(prefix + "original_context_length", MetadataValue.uint32(yarn.originalContext()));
                metadata.put(prefix + "yarn_beta_fast", MetadataValue.float32((float) yarn.betaFast()));
                metadata.put(prefix + "yarn_beta_slow", MetadataValue.float32((float) yarn.betaSlow()));
                double attention = yarn.attentionFactor() / RopeScaling.Yarn.defaultAttentionFactor(yarn.factor());
                metadata.put(prefix + "attn_factor", MetadataValue.float32((float) attention));
            }
            case null -> {}
            case RopeScaling.Llama3 _, RopeScaling.Divisors _ -> {} // in a tensor
        }
    }

    /** The tensor {@link #ROPE_DIVISORS} of a configuration, empty where it has none. */
    static List<Float> divisors(ModelConfig config) {
        return switch (config.ropeScaling()) {
            case RopeScaling.Divisors given -> given.divisors();
            case RopeScaling.Llama3 llama -> {
                List<Float> divisors = new ArrayList<>();
                for (int i = 0; i < config.headDim() / 2; i++) {
                    double frequency = StrictMath.pow(config.ropeTheta(), -2.0 * i / config.headDim());
                    divisors.add((float) RotaryFrequencies.divisor(llama, frequency));
                }
                yield divisors;
            }
            case null -> List.of();
            case RopeScaling.Linear _, RopeScaling.Yarn _ -> List.of();
        };
    }

    private static void requireWritable(ModelConfig config) {
        boolean gpt2 = config.architecture().equals("gpt2");
        boolean known = SUPPORTED.contains(config.architecture())
                && config.norm() == (gpt2 ? NormKind.LAYER : NormKind.RMS)
                && config.mlp() == (gpt2 ? MlpKind.GELU : MlpKind.SWIGLU)
                && config.positions() == (gpt2 ? PositionKind.LEARNED : PositionKind.ROTARY)
                && (!gpt2 || config.numKvHeads() == config.numHeads());
        if (!known) {
            throw new TroupeException("a mixture of architectures (" + config.architecture() + " with " + config.norm()
                    + ", " + config.mlp() + ", " + config.positions()
                    + ") has no form in GGUF: keep it as a directory");
        }
    }
}
