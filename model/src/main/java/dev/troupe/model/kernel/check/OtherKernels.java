package dev.troupe.model.kernel.check;

import dev.troupe.model.TroupeException;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.int8.BlockProduct;
import dev.troupe.model.kernel.int8.BlockRoundedProduct;
import dev.troupe.model.kernel.int8.BlockWeight;
import dev.troupe.model.kernel.int8.DotBlockProduct;
import dev.troupe.model.kernel.int8.DotInt8Product;
import dev.troupe.model.kernel.int8.Int8Product;
import dev.troupe.model.kernel.int8.Int8RoundedProduct;
import dev.troupe.model.kernel.int8.ScalarBlockProduct;
import dev.troupe.model.kernel.int8.ScalarInt8Product;
import dev.troupe.model.kernel.int8.VectorBlockProduct;
import dev.troupe.model.kernel.int8.VectorInt8Product;
import dev.troupe.model.kernel.onednn.OneDnnInt8Product;
import dev.troupe.model.kernel.onednn.OneDnnPromptProduct;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.quantized.PromptProduct;
import dev.troupe.model.kernel.quantized.ScalarPromptProduct;
import dev.troupe.model.kernel.quantized.WeightLayout;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.sampling.Sampler;
import dev.troupe.model.sampling.SamplingOptions;
import dev.troupe.model.sampling.SamplingSpace;
import dev.troupe.model.sampling.SortedChoice;
import dev.troupe.model.sampling.TokenChoice;
import dev.troupe.model.sampling.TokenCounts;
import dev.troupe.model.sampling.TokenMask;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a model may be served with beside a provider's kernels: products of rounded operands, and the choice of tokens.
 * Implementations come fastest first; a process takes the first that runs here and agrees with the reference, as
 * {@link KernelChoice} says.
 */
public final class OtherKernels {
    private static final String EXACT = "Set prefill and decode to exact";

    /** Products with weights of eight bits. All have the reference's bits. */
    public static final KernelChoice<Int8Product> INT8 = new KernelChoice<>(
            Int8Contract::new,
            new ScalarInt8Product(),
            List.of(
                    new KernelChoice.Candidate<>(
                            "int8 by onednn",
                            OneDnnInt8Product::unavailable,
                            pool -> new OneDnnInt8Product(pool, new ScratchPool())),
                    new KernelChoice.Candidate<>(
                            "int8 by dot instructions",
                            DotInt8Product::unavailable,
                            pool -> new DotInt8Product(pool, new ScratchPool())),
                    new KernelChoice.Candidate<>(
                            "int8 by vector", pool -> new VectorInt8Product(pool, new ScratchPool()))),
            EXACT);

    /** Products in bf16 for the rows of prompts. */
    public static final KernelChoice<PromptProduct> BF16_PROMPTS = new KernelChoice<>(
            PromptContract::new,
            new ScalarPromptProduct(),
            List.of(new KernelChoice.Candidate<>(
                    "bf16 prompts by onednn", OneDnnPromptProduct::unavailable, OneDnnPromptProduct::create)),
            "Set prefill to exact");

    /** The choice of tokens, which has no other implementation to take its place. */
    public static final KernelChoice<TokenChoice> SAMPLING = new KernelChoice<>(
            pool -> new SamplingContract(),
            new SortedChoice(),
            List.of(new KernelChoice.Candidate<>("sampling", pool -> OtherKernels::choose)),
            "Use another Java runtime");

    private static final Map<StorageType, KernelChoice<BlockProduct>> BLOCKS = Stream.of(StorageType.values())
            .filter(BlockWeight::holds)
            .collect(Collectors.toUnmodifiableMap(Function.identity(), OtherKernels::choiceOfBlocks));

    private OtherKernels() {}

    private static KernelChoice<BlockProduct> choiceOfBlocks(StorageType type) {
        return new KernelChoice<>(
                pool -> new BlockContract(type, pool),
                new ScalarBlockProduct(),
                List.of(
                        new KernelChoice.Candidate<>(
                                type + " blocks by dot instructions",
                                DotBlockProduct::unavailable,
                                pool -> new DotBlockProduct(pool, new ScratchPool())),
                        new KernelChoice.Candidate<>(
                                type + " blocks by vector", pool -> new VectorBlockProduct(pool, new ScratchPool()))),
                EXACT);
    }

    /**
     * Products with weights that stay in blocks of this type. All have the reference's bits.
     *
     * @param type which has blocks ({@link BlockWeight#holds})
     */
    public static KernelChoice<BlockProduct> blocks(StorageType type) {
        return Objects.requireNonNull(BLOCKS.get(type), () -> type + " has no blocks");
    }

    private static int choose(
            SamplingOptions options,
            Tensor rows,
            int row,
            int index,
            TokenCounts history,
            @Nullable TokenMask allowed) {
        return new Sampler(options, new SamplingSpace()).sample(rows, row, index, history, allowed);
    }

    /**
     * Products in int8 with any weights; those with four bits are chosen when the first such weight is laid out.
     *
     * @throws TroupeException when all differ from the reference, then or now: the message says by how much
     */
    public static Int8RoundedProduct int8(ComputePool pool, Consumer<SelfCheck> made) {
        return new Int8RoundedProduct(INT8.create(pool, made), blocks(pool, made), pool);
    }

    /**
     * Products with weights that stay in blocks, for no others; chosen when the first weight of a type is laid out.
     *
     * @throws TroupeException then, when all differ from the reference: the message says by how much
     */
    public static BlockRoundedProduct blocks(ComputePool pool, Consumer<SelfCheck> made) {
        return new BlockRoundedProduct(type -> blocks(type).create(pool, made), pool);
    }

    /**
     * Requires that products of these uses can stand beside kernels.
     *
     * @throws TroupeException when a model cannot be served so; the message says what to change
     */
    public static void requireBeside(Kernels kernels, Set<KernelUse> uses) {
        WeightLayout layout = kernels.weightProduct().layout();
        boolean eightBits =
                uses.contains(KernelUse.INT8_PRODUCTS) || !Collections.disjoint(uses, KernelUse.anyBlocks());
        if (kernels.areOfDevice() && (eightBits || uses.contains(KernelUse.BF16_PROMPTS))) {
            throw new TroupeException((eightBits ? "products in eight bits" : "bf16 prompts")
                    + " are the processor's, and kernels \"" + kernels.name()
                    + "\" are a device's, which would wait for it in every layer: set prefill and"
                    + " decode to auto (weights = q8_0 or q4_0 keeps the weights in few bits on the device), or"
                    + " compute.backend to vector");
        }
        if (layout != WeightLayout.PANELS && uses.contains(KernelUse.BF16_PROMPTS)) {
            throw new TroupeException("bf16 prompts read weights as the vector kernels lay them out, not \""
                    + kernels.name() + "\": set prefill to exact, or compute.backend to vector");
        }
    }
}
