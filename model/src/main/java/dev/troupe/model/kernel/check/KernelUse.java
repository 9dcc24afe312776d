package dev.troupe.model.kernel.check;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.tensor.StorageType;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * What kernels are used for. A process compares those that it is about to use with the reference: all of them at once,
 * before anything is compiled, take seconds, and a model that is served asks for few.
 */
public enum KernelUse {
    /** Products in all transposes, whole sequences of attention, gradients, losses, the optimizer. */
    TRAINING,
    /** Attention over cached keys and values, and the look-up of embeddings. */
    INFERENCE,
    RMS_NORM,
    LAYER_NORM,
    ROTARY,
    GELU,
    SWIGLU,
    /** Products with weights that are laid out once. */
    F32_WEIGHTS,
    F16_WEIGHTS,
    BF16_WEIGHTS,
    Q8_0_WEIGHTS,
    Q4_0_WEIGHTS,
    Q4_K_WEIGHTS,
    Q6_K_WEIGHTS,
    /** Cached keys and values in fewer bits than float32. */
    ROUNDED_CACHE,
    /** The choice of tokens: the same whatever the provider. */
    SAMPLING,
    /** Products of {@link OtherKernels}, beside a provider's, with activations rounded to eight bits. */
    INT8_PRODUCTS,
    /** Products over weights that stay in blocks of four to eight bits, activations rounded to eight. */
    Q8_0_BLOCKS,
    Q6_K_BLOCKS,
    Q4_0_BLOCKS,
    Q4_K_BLOCKS,
    /** Products in bf16, for prompts. */
    BF16_PROMPTS;

    /** Everything that a provider has. */
    static Set<KernelUse> ofProvider() {
        return Collections.unmodifiableSet(EnumSet.range(TRAINING, ROUNDED_CACHE));
    }

    /** Everything that a provider has, and the choice of tokens. */
    public static Set<KernelUse> all() {
        return Collections.unmodifiableSet(EnumSet.range(TRAINING, SAMPLING));
    }

    /** A run that trains, evaluates and writes samples: nothing with weights or a cache in fewer bits. */
    public static Set<KernelUse> training() {
        return Collections.unmodifiableSet(EnumSet.range(TRAINING, F32_WEIGHTS));
    }

    /** What every model that is served may ask for, apart from its weights. */
    public static Set<KernelUse> serving() {
        EnumSet<KernelUse> uses = EnumSet.range(INFERENCE, SWIGLU);
        uses.add(SAMPLING);
        return Collections.unmodifiableSet(uses);
    }

    /** What every model that is served asks for. */
    public static Set<KernelUse> servingAny() {
        return Collections.unmodifiableSet(EnumSet.of(INFERENCE, SAMPLING));
    }

    /**
     * What one model asks for when it is served.
     *
     * @param types that its matrices are laid out in
     */
    public static Set<KernelUse> serving(ModelConfig config, Set<StorageType> types) {
        EnumSet<KernelUse> uses = EnumSet.copyOf(servingAny());
        uses.add(
                switch (config.norm()) {
                    case RMS -> RMS_NORM;
                    case LAYER -> LAYER_NORM;
                });
        uses.add(
                switch (config.mlp()) {
                    case GELU -> GELU;
                    case SWIGLU -> SWIGLU;
                });
        if (config.positions() == PositionKind.ROTARY) {
            uses.add(ROTARY);
        }
        types.forEach(type -> uses.add(ofWeights(type)));
        return uses;
    }

    /** Products of {@link OtherKernels}, beside a provider's. */
    public static Set<KernelUse> beside() {
        return Collections.unmodifiableSet(EnumSet.range(INT8_PRODUCTS, BF16_PROMPTS));
    }

    /** Products over weights that stay in blocks, of whichever type. */
    public static Set<KernelUse> anyBlocks() {
        return Collections.unmodifiableSet(EnumSet.range(Q8_0_BLOCKS, Q4_K_BLOCKS));
    }

    /**
     * Products over weights of a type that stay in its blocks.
     *
     * @throws IllegalArgumentException for a type that has none
     */
    public static KernelUse ofBlocks(StorageType type) {
        return switch (type) {
            case Q8_0 -> Q8_0_BLOCKS;
            case Q6_K -> Q6_K_BLOCKS;
            case Q4_0 -> Q4_0_BLOCKS;
            case Q4_K -> Q4_K_BLOCKS;
            case F32, F16, BF16 -> throw new IllegalArgumentException(type + " has no blocks");
        };
    }

    /** Products with weights of a type. */
    public static KernelUse ofWeights(StorageType type) {
        return switch (type) {
            case F32 -> F32_WEIGHTS;
            case F16 -> F16_WEIGHTS;
            case BF16 -> BF16_WEIGHTS;
            case Q8_0 -> Q8_0_WEIGHTS;
            case Q4_0 -> Q4_0_WEIGHTS;
            case Q4_K -> Q4_K_WEIGHTS;
            case Q6_K -> Q6_K_WEIGHTS;
        };
    }
}
