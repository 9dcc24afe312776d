package dev.troupe.model.kernel.onednn;

import dev.troupe.model.kernel.int8.Int8Weight;
import dev.troupe.model.kernel.parallel.ComputePool;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Tiles that each thread multiplies again and again where they lie, in its core's cache: the rate of the processor's
 * instructions for bf16 and for bytes, which the Vector API cannot reach. For measurements.
 */
public final class CachedTiles implements AutoCloseable {
    private static final int ROWS = 64;
    private static final int PANELS = 4;
    private static final int DEPTH = 512;
    private static final int CALLS = 64;
    private static final long CACHE_LINE = 64;

    private final Arena arena = Arena.ofShared();
    private final ComputePool pool;
    private final TileProduct product;
    private final MemorySegment[] memory; // of each thread: A, B, C
    private final long bytesA;
    private final long bytesB;

    private CachedTiles(TileType type, long panelBytes, ComputePool pool) {
        int stride = PANELS * Bf16Panels.COLUMNS;
        this.pool = pool;
        this.product = new TileProduct(type, new TileShape(ROWS, PANELS, DEPTH, stride));
        this.bytesA = (long) ROWS * type.rowStride(DEPTH);
        this.bytesB = PANELS * panelBytes;
        this.memory = new MemorySegment[pool.threads()];
        for (int t = 0; t < memory.length; t++) {
            memory[t] = arena.allocate(bytesA + bytesB + (long) ROWS * stride * Float.BYTES, CACHE_LINE);
        }
    }

    /** Tiles of bf16; empty where the processor has no instructions for it or oneDNN does not run. */
    public static Optional<CachedTiles> bf16(ComputePool pool) {
        return OneDnnPromptProduct.unavailable().isPresent()
                ? Optional.empty()
                : Optional.of(new CachedTiles(TileType.BF16, Bf16Panels.panelBytes(DEPTH), pool));
    }

    /** Tiles of bytes; empty where the processor has no instructions for them or oneDNN does not run. */
    public static Optional<CachedTiles> int8(ComputePool pool) {
        return OneDnnInt8Product.unavailable().isPresent()
                ? Optional.empty()
                : Optional.of(new CachedTiles(TileType.INT8, Int8Weight.panelBytes(DEPTH), pool));
    }

    /** Multiplications and additions of a {@link #run}. */
    public double operations() {
        return 2.0 * ROWS * PANELS * Bf16Panels.COLUMNS * DEPTH * CALLS * memory.length;
    }

    /** Multiplies on all threads. */
    public void run() {
        pool.run(memory.length, t -> {
            long a = memory[t].address();
            for (int call = 0; call < CALLS; call++) {
                product.run(a, a + bytesA, a + bytesA + bytesB);
            }
        });
    }

    @Override
    public void close() {
        product.close();
        arena.close();
    }
}
