package dev.troupe.model.kernel.elementwise;

/**
 * The dropout mask as a pure function: element i of a stream is kept when a hash of (seed, stream, i) reaches a
 * threshold. Two rounds of MurmurHash3's 32-bit finalizer, each with half of a 64-bit key; 32-bit arithmetic only, so
 * that it runs in vector lanes.
 */
public final class DropoutMask {
    public static final int MULTIPLIER_1 = 0x85ebca6b;
    public static final int MULTIPLIER_2 = 0xc2b2ae35;

    /** The hash's upper 24 bits are compared. */
    static final int BITS = 24;

    private DropoutMask() {}

    /** SplitMix64's mixing of seed and stream, and of the elements' upper 32 bits, which are rarely anything but 0. */
    public static long key(long seed, long stream, int upperIndex) {
        return mix(mix(seed + 0x9e3779b97f4a7c15L) + stream + (((long) upperIndex) << 32));
    }

    /** An element whose hash is below this is dropped. */
    public static int threshold(float rate) {
        return (int) ((double) rate * (1 << BITS));
    }

    /** Requires {@code 0 <= rate < 1}. */
    public static void requireRate(float rate) {
        if (!(rate >= 0 && rate < 1)) {
            throw new IllegalArgumentException("dropout rate " + rate + " is not in [0, 1)");
        }
    }

    static boolean keeps(long key, int lowerIndex, int threshold) {
        int h = finish(finish(lowerIndex + (int) key) ^ (int) (key >>> 32));
        return h >>> (32 - BITS) >= threshold;
    }

    private static int finish(int x) {
        int h = (x ^ (x >>> 16)) * MULTIPLIER_1;
        h = (h ^ (h >>> 13)) * MULTIPLIER_2;
        return h ^ (h >>> 16);
    }

    private static long mix(long x) {
        long z = (x ^ (x >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
