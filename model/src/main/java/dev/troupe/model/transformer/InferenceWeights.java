package dev.troupe.model.transformer;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.layer.Affine;
import dev.troupe.model.tensor.LayoutMemory;
import dev.troupe.model.tensor.NotEnoughMemoryException;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.ParameterSlice.RowRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The weights of a model, or of a part of one, laid out for inference in an arena of their own, and the cache of keys
 * and values.
 *
 * @param tokens null in a part that does not begin with the embedding
 * @param positions [contextLength, C], null without the embedding and when positions are rotary
 * @param finalNorm null in a part that does not end with the head
 * @param head null in a part that does not end with it
 */
record InferenceWeights(
        @Nullable EmbeddingRows tokens,
        @Nullable Tensor positions,
        List<InferenceLayer> layers,
        @Nullable Affine finalNorm,
        @Nullable ServedLinear head) {
    private static final Logger LOG = LoggerFactory.getLogger(InferenceWeights.class);

    /**
     * Lays out the weights layer by layer.
     *
     * @throws TroupeException when the kernels round operands and the weights are not float32
     */
    static InferenceWeights of(
            ModelPart part,
            WeightSource source,
            Kernels kernels,
            InferenceOptions options,
            int numKvBlocks,
            TensorArena arena) {
        requirePrecision(kernels, options);
        ModelConfig config = part.config();
        StageRange range = part.range();
        AttentionShape shape = AttentionShape.of(part.share());
        ParameterNames names = ParameterNames.of(config);
        EmbeddingRows tokens = null;
        Tensor positions = null;
        if (range.hasEmbedding()) {
            StoredWeights first = source.layer(0);
            tokens = embedding(first, names.embedding() + ".weight", kernels, options, arena);
            if (config.positions() == PositionKind.LEARNED) {
                String table = names.positions() + ".weight";
                positions = first.floats(table, arena, config.contextLength(), config.dim());
            }
        }
        List<KvBlocks> caches = caches(range.numLayers(), shape, kernels, options, numKvBlocks, arena);
        List<InferenceLayer> layers = new ArrayList<>();
        for (int i = range.firstLayer(); i < range.endLayer(); i++) {
            ParameterNames.Block block = names.blocks().layer(i);
            Layout layer = new Layout(config, source.layer(i), kernels, options, arena);
            layers.add(new InferenceLayer(
                    layer.norm(block.attentionNorm()),
                    layer.linear(block.qkv(), config.qkvBias(), part.qkvRows()),
                    caches.get(i - range.firstLayer()),
                    layer.linear(List.of(block.attentionOut()), config.attentionOutBias(), part.residualRows()),
                    layer.norm(block.mlpNorm()),
                    layer.linear(block.up(), config.bias(), part.upRows()),
                    layer.linear(List.of(block.down()), config.bias(), part.residualRows())));
        }
        Affine finalNorm = null;
        ServedLinear head = null;
        if (range.hasHead()) {
            Layout last = new Layout(config, source.layer(config.numLayers() - 1), kernels, options, arena);
            finalNorm = last.norm(names.finalNorm());
            String matrix = config.tiedEmbeddings() ? names.embedding() : names.head();
            head = last.linear(List.of(matrix), false, part.headRows());
        }
        InferenceWeights weights = new InferenceWeights(tokens, positions, layers, finalNorm, head);
        weights.logOtherTypes(options.weights());
        return weights;
    }

    private static List<KvBlocks> caches(
            int layers,
            AttentionShape shape,
            Kernels kernels,
            InferenceOptions options,
            int numKvBlocks,
            TensorArena arena) {
        try {
            return kernels.attention().cache(layers, shape, options.cache(), numKvBlocks, arena);
        } catch (NotEnoughMemoryException e) {
            throw e.wantedFor("keys and values of " + (long) numKvBlocks * KvBlocks.BLOCK_TOKENS + " tokens");
        }
    }

    private static EmbeddingRows embedding(
            StoredWeights weights, String name, Kernels kernels, InferenceOptions options, TensorArena arena) {
        try (TensorArena scratch = TensorArena.open("inference.rounding")) {
            return EmbeddingRows.of(weights, name, new LinearLayout(kernels, options, arena, scratch));
        }
    }

    private static void requirePrecision(Kernels kernels, InferenceOptions options) {
        boolean rounded = options.weights() != null && options.weights() != StorageType.F32;
        boolean products = options.prompts() != null || options.rounded() != null;
        if ((rounded || products) && kernels.precision() != Precision.FP32) {
            throw new TroupeException("products with weights in " + ServedWeights.configName(options.weights())
                    + ", and decode = blocks or int8, want the precision fp32, not "
                    + kernels.precision().configName() + " (prefill = bf16 or int8 rounds the rows of prompts only)");
        }
    }

    /** The parts of one layer. */
    private record Layout(
            ModelConfig config, StoredWeights source, Kernels kernels, InferenceOptions options, TensorArena arena) {
        Affine norm(String name) {
            boolean hasBias = config.bias() && config.norm() == NormKind.LAYER;
            return new Affine(
                    source.floats(name + ".weight", arena, config.dim()),
                    hasBias ? source.floats(name + ".bias", arena, config.dim()) : null);
        }

        /** One product with these rows of all of {@code names}, which are one above the other. */
        ServedLinear linear(List<String> names, boolean hasBias, List<RowRange> rows) {
            try (TensorArena scratch = TensorArena.open("inference.rounding")) {
                LinearLayout layout = new LinearLayout(kernels, options, arena, scratch);
                Optional<LateMemory> late = late(names, layout);
                List<StoredTensor> whole = late.isPresent()
                        ? late.get().sources().stream()
                                .map(LastingTensor::tensor)
                                .toList()
                        : names.stream()
                                .map(name -> source.get(name + ".weight", scratch))
                                .toList();
                ServedLinear linear = layout.lay(
                        cut(whole, rows),
                        hasBias ? bias(names, rows) : null,
                        part -> late.<LayoutMemory>map(memory -> memory)
                                .orElseGet(() -> source.layoutMemory(matrix(names, rows, part), arena)));
                // Else the file would be in memory beside its layout.
                names.forEach(name -> source.forget(name + ".weight"));
                return linear;
            }
        }

        /** Memory that may be filled later, where rounded products take these weights as their file has them. */
        private Optional<LateMemory> late(List<String> names, LinearLayout layout) {
            return source.later().flatMap(filler -> {
                List<LastingTensor> sources = names.stream()
                        .flatMap(name -> source.lasting(name + ".weight").stream())
                        .filter(lasting -> layout.keepsBlocks(lasting.tensor()))
                        .toList();
                return sources.size() == names.size()
                        ? Optional.of(new LateMemory(arena, sources, filler))
                        : Optional.empty();
            });
        }

        /** Says which rows of which weights a matrix has: from {@code part} on, as far as they are of one type. */
        private static String matrix(List<String> names, List<RowRange> rows, int part) {
            return String.join("+", names)
                    + rows.stream()
                            .map(range -> ":" + range.from() + "-" + range.to())
                            .collect(Collectors.joining())
                    + "/" + part;
        }

        private static List<StoredTensor> cut(List<StoredTensor> whole, List<RowRange> rows) {
            List<StoredTensor> parts = new ArrayList<>();
            for (RowRange wanted : rows) {
                int at = 0;
                for (StoredTensor matrix : whole) {
                    int from = Math.max(at, wanted.from());
                    int to = Math.min(at + matrix.rows(), wanted.to());
                    if (from < to) {
                        parts.add(matrix.rows(from - at, to - at));
                    }
                    at += matrix.rows();
                }
            }
            return parts;
        }

        private Tensor bias(List<String> names, List<RowRange> rows) {
            try (TensorArena scratch = TensorArena.open("inference.rounding")) {
                List<StoredTensor> parts = names.stream()
                        .map(name -> source.get(name + ".bias", scratch))
                        .toList();
                Tensor whole = scratch.allocate(
                        parts.stream().mapToInt(StoredTensor::columns).sum());
                int at = 0;
                for (StoredTensor part : parts) {
                    part.read(whole.view(at, part.columns()).segment());
                    at += part.columns();
                }
                Tensor bias = arena.allocate(rows.stream()
                        .mapToInt(range -> range.to() - range.from())
                        .sum());
                int to = 0;
                for (RowRange range : rows) {
                    int count = range.to() - range.from();
                    bias.view(to, count).copyFrom(whole.view(range.from(), count));
                    to += count;
                }
                return bias;
            }
        }
    }

    /** Every matrix of the model. */
    List<ServedLinear> linears() {
        List<ServedLinear> all = new ArrayList<>();
        for (InferenceLayer layer : layers) {
            all.addAll(List.of(layer.qkv(), layer.attentionOut(), layer.up(), layer.down()));
        }
        if (head != null) {
            all.add(head);
        }
        return all;
    }

    private void logOtherTypes(@Nullable StorageType wanted) {
        if (wanted == null) {
            return;
        }
        Map<StorageType, Integer> others = new TreeMap<>();
        for (ServedLinear linear : linears()) {
            StorageType type = linear.type();
            if (type != wanted) {
                others.merge(type, 1, Integer::sum);
            }
        }
        if (!others.isEmpty()) {
            LOG.info(
                    "rows of {} matrices do not fill whole blocks of {}; stored instead: {}",
                    others.values().stream().mapToInt(Integer::intValue).sum(),
                    ServedWeights.configName(wanted),
                    others);
        }
    }
}
