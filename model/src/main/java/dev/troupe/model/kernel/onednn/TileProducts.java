package dev.troupe.model.kernel.onednn;

import java.util.concurrent.ConcurrentHashMap;

/** The primitives of one set of kernels, made when a shape is first met and destroyed together. */
final class TileProducts implements AutoCloseable {
    private final TileType type;
    private final ConcurrentHashMap<TileShape, TileProduct> products = new ConcurrentHashMap<>();

    TileProducts(TileType type) {
        this.type = type;
    }

    TileProduct get(TileShape shape) {
        TileProduct product = products.get(shape);
        return product != null ? product : products.computeIfAbsent(shape, this::create);
    }

    private TileProduct create(TileShape shape) {
        return new TileProduct(type, shape);
    }

    int count() {
        return products.size();
    }

    /** No product may be running or asked for any more. */
    @Override
    public void close() {
        products.values().forEach(TileProduct::close);
        products.clear();
    }
}
