package dev.troupe.model.kernel.gemm;

import dev.troupe.model.kernel.cache.CacheSizes;

/**
 * What of a product's packed operands is worked on at once. Sums are chains of {@link GemmTile#DEPTH} in any case, so
 * this decides how fast a product is, and none of its bits.
 *
 * @param strips of A in a block of rows, which stay in a core's middle cache while the panels of B pass by
 * @param depth values of k that they are packed for at once, whole chains
 * @param packedBytes of B that all threads go over together, in the outer cache
 */
record GemmBlocking(int strips, int depth, long packedBytes) {
    /** From this middle cache on, a block has two chains of k: C is then touched half as often. */
    private static final long ROOM_FOR_TWO_CHAINS = 512 << 10;

    /** Fewer rows would have each panel read from the outer cache for too little work. */
    private static final int LEAST_STRIPS = 2;

    /** Of a middle cache of 2 MiB; with more rows tasks become few. */
    private static final int MOST_STRIPS = 16;

    private static final int OUTER_EIGHTHS = 3;

    /** Three eighths of the middle cache for A: a piece of a panel, C and what is read next want the rest. */
    static GemmBlocking of(CacheSizes caches) {
        int depth = caches.middle() < ROOM_FOR_TWO_CHAINS ? GemmTile.DEPTH : 2 * GemmTile.DEPTH;
        long strips = caches.middle() / 8 * 3 / (depth * GemmTile.ROW_A);
        return new GemmBlocking(Math.clamp(strips, LEAST_STRIPS, MOST_STRIPS), depth, caches.ofOuter(OUTER_EIGHTHS));
    }
}
