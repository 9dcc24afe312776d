package dev.troupe.model.mesh;

/**
 * The dropout masks of a micro-batch as a function of the run's seed and its index, so that a resume draws the same.
 */
public final class DropoutSeed {
    private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;

    private DropoutSeed() {}

    /** SplitMix64's output function (doi:10.1145/2660193.2660195) of the two. */
    public static long of(long seed, long microBatch) {
        long z = seed + (microBatch + 1) * GOLDEN_GAMMA;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
