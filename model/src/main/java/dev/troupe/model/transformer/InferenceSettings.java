package dev.troupe.model.transformer;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.check.KernelUse;
import dev.troupe.model.kernel.check.OtherKernels;
import dev.troupe.model.kernel.check.SelfCheck;
import dev.troupe.model.kernel.int8.BlockWeight;
import dev.troupe.model.kernel.int8.Int8RoundedProduct;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.quantized.RoundedProduct;
import dev.troupe.model.tensor.StorageType;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * In how many bits a model answers.
 *
 * @param weights what its matrices are rounded to when it is loaded; null for the types of its file
 * @param prefill how the rows of prompts are computed
 * @param decode how the rows of generated tokens are computed; {@link Decode#AUTO} only where prompts are computed so,
 *     too
 * @param cache what keys and values are rounded to, one of {@link dev.troupe.model.kernel.attention.KvBlocks#TYPES}
 */
public record InferenceSettings(@Nullable StorageType weights, Prefill prefill, Decode decode, StorageType cache) {
    /** As the model was trained: float32 throughout. */
    public static final InferenceSettings EXACT = new InferenceSettings(StorageType.F32, Prefill.EXACT, Decode.EXACT);

    /**
     * Weights from which on {@link Decode#AUTO} keeps blocks. With fewer an answer comes in a millisecond a token
     * either way, and may as well be that of the numbers that the file says.
     */
    static final long MANY_WEIGHTS = 1L << 26;

    /**
     * Settings that go together: prompts that are not spoken of are computed as answers are, and answers that are not
     * spoken of are exact where prompts are computed in a way of their own. {@link Prefill#AUTO} stays beside
     * {@link Decode#AUTO} and {@link Decode#BLOCKS}.
     *
     * @throws TroupeException when {@code decode} is int8 or blocks and {@code prefill} is another way: what answers
     *     are computed with is not laid out for it
     */
    public InferenceSettings {
        if (prefill == Prefill.AUTO) {
            prefill = switch (decode) {
                case AUTO, BLOCKS -> Prefill.AUTO;
                case EXACT -> Prefill.EXACT;
                case INT8 -> Prefill.INT8;
            };
        } else if (decode == Decode.AUTO) {
            decode = Decode.EXACT;
        }
        if (decode == Decode.BLOCKS && prefill != Prefill.AUTO) {
            throw new TroupeException("decode = blocks needs prefill = auto, not " + prefill.configName()
                    + ": there is one layout of the weights, for all rows");
        }
        if (decode == Decode.INT8 && !isInt8(prefill)) {
            throw new TroupeException("decode = int8 needs prefill = int8 or int8_copy, not " + prefill.configName()
                    + ": there is one layout of the weights, for all rows, or a copy of it in eight bits");
        }
    }

    private static boolean isInt8(Prefill prefill) {
        return prefill == Prefill.INT8 || prefill == Prefill.INT8_COPY;
    }

    /** With keys and values as they are computed. */
    public InferenceSettings(@Nullable StorageType weights, Prefill prefill, Decode decode) {
        this(weights, prefill, decode, StorageType.F32);
    }

    /** Whether rows of prompts and rows of generated tokens are computed in different ways, with different bits. */
    public boolean promptsApart() {
        return switch (decode) {
            case AUTO, BLOCKS -> false;
            case EXACT -> prefill != Prefill.EXACT;
            case INT8 -> prefill == Prefill.INT8_COPY;
        };
    }

    /**
     * These as they come to for a model: {@link Decode#AUTO} becomes {@link Decode#BLOCKS} or {@link Decode#EXACT}, by
     * the model's weights alone where the processor computes in float32, so that answers have the same bytes on any;
     * and blocks become exact where no matrix is in them. Decided once for all parts of a model.
     *
     * @param stored the type that a weight of this name is stored in
     * @param kernels that compute it
     */
    public InferenceSettings decided(ModelConfig config, Function<String, StorageType> stored, Kernels kernels) {
        boolean rounds = kernels.precision() != Precision.FP32;
        if (decode == Decode.EXACT || decode == Decode.INT8 || (decode == Decode.BLOCKS && rounds)) {
            return this;
        }
        boolean wanted =
                decode == Decode.BLOCKS || (!rounds && !kernels.areOfDevice() && numWeights(config) >= MANY_WEIGHTS);
        boolean blocks =
                wanted && types(config, stored, kernels.precision()).stream().anyMatch(BlockWeight::holds);
        return new InferenceSettings(weights, Prefill.AUTO, blocks ? Decode.BLOCKS : Decode.EXACT, cache);
    }

    /** Without learned positions, of which a model has as many as its context is long. */
    private static long numWeights(ModelConfig config) {
        String positions = ParameterNames.of(config).positions() + ".weight";
        return ParameterLayout.of(config).specs().stream()
                .filter(spec -> !spec.name().equals(positions))
                .mapToLong(ParameterSpec::size)
                .sum();
    }

    /** What the matrices that are multiplied are laid out in. */
    private Set<StorageType> types(ModelConfig config, Function<String, StorageType> stored, Precision precision) {
        Set<StorageType> types = EnumSet.noneOf(StorageType.class);
        ParameterNames names = ParameterNames.of(config);
        String embedding = names.embedding() + ".weight";
        for (ParameterSpec spec : ParameterLayout.of(config).specs()) {
            boolean table = spec.name().equals(embedding) || spec.name().equals(names.positions() + ".weight");
            boolean head = spec.name().equals(embedding) && config.tiedEmbeddings();
            if (spec.shape().size() == 2 && (head || !table)) {
                types.add(LinearLayout.target(
                        weights,
                        precision,
                        stored.apply(spec.name()),
                        spec.shape().getLast()));
            }
        }
        return types;
    }

    /**
     * What a model asks of kernels that serve it with settings that were {@link #decided}.
     *
     * @param stored the type that a weight of this name is stored in
     * @param precision of the kernels
     */
    public Set<KernelUse> uses(ModelConfig config, Function<String, StorageType> stored, Precision precision) {
        requireDecided();
        Set<StorageType> types = types(config, stored, precision);
        Set<KernelUse> uses = EnumSet.copyOf(KernelUse.servingAny());
        switch (decode) {
            case AUTO, EXACT -> {}
            case BLOCKS -> {
                types.stream()
                        .filter(BlockWeight::holds)
                        .map(KernelUse::ofBlocks)
                        .forEach(uses::add);
                types.removeIf(BlockWeight::holds);
            }
            case INT8 -> { // whose products multiply every matrix
                types.stream()
                        .filter(BlockWeight::hasFourBits)
                        .map(KernelUse::ofBlocks)
                        .forEach(uses::add);
                types.clear();
            }
        }
        uses.addAll(KernelUse.serving(config, types));
        if (decode != Decode.BLOCKS) {
            uses.addAll(products());
        }
        return uses;
    }

    private void requireDecided() {
        if (decode == Decode.AUTO) {
            throw new IllegalStateException("what auto comes to was not decided");
        }
    }

    /**
     * What these settings may ask for beside a provider's kernels, whatever the model's weights are: of
     * {@link Decode#AUTO} nothing until it is {@link #decided}.
     */
    public Set<KernelUse> products() {
        if (decode == Decode.BLOCKS) {
            return KernelUse.anyBlocks();
        }
        return switch (prefill) {
            case AUTO, EXACT -> Set.of();
            case BF16 -> Set.of(KernelUse.BF16_PROMPTS);
            case INT8, INT8_COPY -> Set.of(KernelUse.INT8_PRODUCTS);
        };
    }

    /**
     * Products for settings that were {@link #decided} beside {@code kernels}, on their {@code pool}; they agree with
     * the reference.
     *
     * @throws TroupeException when it cannot be done here, or beside these kernels; the message says why
     */
    public InferenceOptions options(Kernels kernels, ComputePool pool) {
        requireDecided();
        OtherKernels.requireBeside(kernels, products());
        Consumer<SelfCheck> nobody = check -> {}; // who counts checks has had them made
        return switch (prefill) {
            case AUTO -> new InferenceOptions(weights, null, OtherKernels.blocks(pool, nobody), cache);
            case EXACT -> new InferenceOptions(weights, null, null, cache);
            case BF16 -> new InferenceOptions(weights, OtherKernels.BF16_PROMPTS.create(pool, nobody), null, cache);
            case INT8, INT8_COPY -> {
                Int8RoundedProduct product = OtherKernels.int8(pool, nobody);
                if (decode != Decode.INT8) {
                    yield new InferenceOptions(weights, product.prompts(), null, cache);
                }
                RoundedProduct rounded = prefill == Prefill.INT8 ? product : product.withCopiesForPrompts();
                yield new InferenceOptions(weights, null, rounded, cache);
            }
        };
    }
}
