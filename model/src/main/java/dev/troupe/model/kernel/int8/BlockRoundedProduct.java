package dev.troupe.model.kernel.int8;

import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.quantized.RoundedProduct;
import dev.troupe.model.kernel.quantized.RoundedWeight;
import dev.troupe.model.kernel.quantized.WeightRows;
import dev.troupe.model.tensor.LayoutMemory;
import dev.troupe.model.tensor.StorageType;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Function;

/** Products with weights whose blocks stay as they are ({@link BlockProduct}), and with no others. */
public final class BlockRoundedProduct implements RoundedProduct {
    private final Function<StorageType, BlockProduct> products;
    private final ComputePool pool;
    private final Map<StorageType, BlockProduct> chosen = new EnumMap<>(StorageType.class);

    /**
     * Products over weights that are laid out on {@code pool}.
     *
     * @param products asked once for a type, when the first weight of it is laid out
     */
    public BlockRoundedProduct(Function<StorageType, BlockProduct> products, ComputePool pool) {
        this.products = products;
        this.pool = pool;
    }

    @Override
    public boolean takes(StorageType type) {
        return BlockWeight.holds(type);
    }

    @Override
    public RoundedWeight lay(WeightRows rows, LayoutMemory memory) {
        BlockProduct product = product(rows.type());
        BlockWeight weight = product.takesLate(rows.type())
                ? BlockWeight.packLater(rows, pool, memory)
                : BlockWeight.pack(rows, pool, memory);
        return new RoundedWeight(
                (m, a, lda, bias, c, ldc, accumulate) -> product.multiply(m, a, lda, weight, bias, c, ldc, accumulate),
                weight.data().byteSize());
    }

    private synchronized BlockProduct product(StorageType type) {
        return chosen.computeIfAbsent(type, products);
    }
}
