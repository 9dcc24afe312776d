package dev.troupe.model.kernel.int8;

import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.quantized.RoundedProduct;
import dev.troupe.model.kernel.quantized.RoundedWeight;
import dev.troupe.model.kernel.quantized.WeightRows;
import dev.troupe.model.tensor.LayoutMemory;
import dev.troupe.model.tensor.StorageType;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Products with weights whose blocks stay as they are ({@link BlockProduct}), and with no others. */
public final class BlockRoundedProduct implements RoundedProduct {
    private final Supplier<BlockProduct> products;
    private final ComputePool pool;

    private @Nullable BlockProduct product;

    /**
     * Products over weights that are laid out on {@code pool}.
     *
     * @param products asked once, when the first weight is laid out
     */
    public BlockRoundedProduct(Supplier<BlockProduct> products, ComputePool pool) {
        this.products = products;
        this.pool = pool;
    }

    @Override
    public boolean takes(StorageType type) {
        return BlockWeight.holds(type);
    }

    @Override
    public RoundedWeight lay(WeightRows rows, LayoutMemory memory) {
        BlockProduct chosen = product();
        BlockWeight weight = BlockWeight.pack(rows, pool, memory);
        return new RoundedWeight(
                (m, a, lda, bias, c, ldc, accumulate) -> chosen.multiply(m, a, lda, weight, bias, c, ldc, accumulate),
                weight.data().byteSize());
    }

    private synchronized BlockProduct product() {
        if (product == null) {
            product = products.get();
        }
        return product;
    }
}
