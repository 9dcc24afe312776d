package dev.troupe.model.data;

/**
 * Counter-based random numbers: a value is a function of the seed and the counters, so any of them can be had alone.
 */
final class Mix {
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    private Mix() {}

    /**
     * The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014; variant 13 of Stafford): a bijection of 64 bits.
     */
    private static long mix64(long z) {
        long a = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
        return b ^ (b >>> 31);
    }

    /** Random number {@code counter} of the stream {@code seed}. */
    static long hash(long seed, long counter) {
        return mix64(mix64(seed + GOLDEN_GAMMA) + (counter + 1) * GOLDEN_GAMMA);
    }

    /** Number {@code counter} of the stream {@code seed} in [0, bound); the bias is below bound / 2^64. */
    static long below(long bound, long seed, long counter) {
        return Math.unsignedMultiplyHigh(hash(seed, counter), bound);
    }
}
