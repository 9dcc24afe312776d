package dev.troupe.model.kernel.onednn;

import dev.troupe.model.TroupeException;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.quantized.PackedWeight;
import dev.troupe.model.kernel.quantized.PromptProduct;
import dev.troupe.model.kernel.quantized.PromptWeight;
import dev.troupe.model.kernel.quantized.WeightRows;
import dev.troupe.model.kernel.vector.ScratchPool;
import dev.troupe.model.tensor.LayoutMemory;
import java.util.Optional;

/** Rows of prompts by oneDNN's tiles in bf16, over weights in any type. */
public final class OneDnnPromptProduct implements PromptProduct {
    private final OneDnnGemm gemm;

    private OneDnnPromptProduct(OneDnnGemm gemm) {
        this.gemm = gemm;
    }

    /** Why it does not run here: no oneDNN, or no instructions for bf16; empty when it does. */
    public static Optional<String> unavailable() {
        return new OneDnnKernelProvider().unavailable();
    }

    /**
     * Products that share their work over {@code pool}.
     *
     * @throws TroupeException when {@link #unavailable} says why not
     */
    public static OneDnnPromptProduct create(ComputePool pool) {
        unavailable().ifPresent(reason -> {
            throw new TroupeException("prompts cannot be computed in bf16 here: " + reason);
        });
        return new OneDnnPromptProduct(new OneDnnGemm(pool, new ScratchPool(), OneDnnKernelProvider.sizes()));
    }

    @Override
    public PromptWeight lay(PackedWeight packed, WeightRows rows, LayoutMemory memory) {
        return (m, a, lda, bias, c, ldc, accumulate) ->
                gemm.multiplyStored(m, a, lda, packed, bias, c, ldc, accumulate);
    }
}
