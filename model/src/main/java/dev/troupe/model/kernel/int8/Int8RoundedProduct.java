package dev.troupe.model.kernel.int8;

import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.quantized.PromptProduct;
import dev.troupe.model.kernel.quantized.RoundedProduct;
import dev.troupe.model.kernel.quantized.RoundedWeight;
import dev.troupe.model.kernel.quantized.WeightRows;
import dev.troupe.model.tensor.LayoutMemory;

/**
 * Products of activations that are rounded to eight bits: with weights of four bits as they are, with others rounded to
 * eight bits a number.
 */
public final class Int8RoundedProduct implements RoundedProduct {
    private final Int8Product eight;
    private final RoundedProduct fourBits;
    private final ComputePool pool;

    /**
     * Products with weights of eight and of four bits, which work on {@code pool}.
     *
     * @param fourBits takes weights that have them
     */
    public Int8RoundedProduct(Int8Product eight, RoundedProduct fourBits, ComputePool pool) {
        this.eight = eight;
        this.fourBits = fourBits;
        this.pool = pool;
    }

    @Override
    public RoundedWeight lay(WeightRows rows, LayoutMemory memory) {
        return BlockWeight.hasFourBits(rows.type()) ? fourBits.lay(rows, memory) : rounded(rows, memory);
    }

    private RoundedWeight rounded(WeightRows rows, LayoutMemory memory) {
        Int8Weight weight = Int8Weight.pack(rows, pool, memory);
        return new RoundedWeight(
                (m, a, lda, bias, c, ldc, accumulate) -> eight.multiply(m, a, lda, weight, bias, c, ldc, accumulate),
                weight.numbers().byteSize());
    }

    /**
     * As this, with a second layout for rows of prompts where weights have four bits: in it they are rounded to eight,
     * as with {@link #prompts}.
     */
    public RoundedProduct withCopiesForPrompts() {
        return new RoundedProduct() {
            @Override
            public RoundedWeight lay(WeightRows rows, LayoutMemory memory) {
                RoundedWeight weight = Int8RoundedProduct.this.lay(rows, memory);
                return BlockWeight.hasFourBits(rows.type())
                        ? new RoundedWeight(
                                weight.product(), rounded(rows, memory).product(), weight.bytes())
                        : weight;
            }

            @Override
            public boolean promptsApart() {
                return true;
            }
        };
    }

    /**
     * For rows of prompts only, over a second layout of the weights, in which all are rounded to eight bits: many rows
     * are multiplied faster than with four.
     */
    public PromptProduct prompts() {
        return (packed, rows, memory) -> rounded(rows, memory).product();
    }
}
