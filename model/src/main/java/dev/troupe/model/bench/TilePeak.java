package dev.troupe.model.bench;

import dev.troupe.model.kernel.onednn.CachedTiles;
import dev.troupe.model.kernel.parallel.ComputePool;
import java.util.Optional;

/**
 * What the processor's instructions for products of few bits can do at most, measured over all threads on tiles in the
 * cache.
 *
 * @param bf16Gflops 10^9 operations a second; 0 where there are none, or they were not measured
 * @param int8Gops the same of bytes
 */
public record TilePeak(double bf16Gflops, double int8Gops) {
    private static final int WARM_UP_ROUNDS = 8;
    private static final int ROUNDS = 15;

    /** Nothing measured. */
    static final TilePeak NONE = new TilePeak(0, 0);

    /** Takes a second, and what loading oneDNN takes. */
    static TilePeak measure(ComputePool pool) {
        return new TilePeak(gops(CachedTiles.bf16(pool)), gops(CachedTiles.int8(pool)));
    }

    private static double gops(Optional<CachedTiles> found) {
        if (found.isEmpty()) {
            return 0;
        }
        try (CachedTiles tiles = found.get()) {
            return Timing.best(WARM_UP_ROUNDS, ROUNDS, tiles::run).perSecond(tiles.operations()) / 1e9;
        }
    }
}
