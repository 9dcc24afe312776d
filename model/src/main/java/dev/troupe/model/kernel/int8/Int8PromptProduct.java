package dev.troupe.model.kernel.int8;

import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.quantized.PackedWeight;
import dev.troupe.model.kernel.quantized.PromptProduct;
import dev.troupe.model.kernel.quantized.PromptWeight;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;

/** Rows of prompts with operands rounded to eight bits, over a second layout of the weights: a byte more a number. */
public final class Int8PromptProduct implements PromptProduct {
    private final Int8Product product;
    private final ComputePool pool;

    /** Prompts by {@code product}, which works on {@code pool}. */
    public Int8PromptProduct(Int8Product product, ComputePool pool) {
        this.product = product;
        this.pool = pool;
    }

    @Override
    public PromptWeight lay(PackedWeight packed, MemorySegment rows, TensorArena arena) {
        Int8Weight weight = Int8Weight.pack(packed.type(), packed.n(), packed.k(), rows, pool, arena);
        return (m, a, lda, bias, c, ldc, accumulate) -> product.multiply(m, a, lda, weight, bias, c, ldc, accumulate);
    }
}
