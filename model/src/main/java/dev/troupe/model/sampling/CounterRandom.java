package dev.troupe.model.sampling;

/**
 * Random numbers as a pure function of (seed, stream, index): nothing is remembered, so any number can be drawn again,
 * in any order and on any node. The mixing function is SplitMix64's finalizer (Steele et al., OOPSLA 2014), applied
 * once per coordinate.
 */
public final class CounterRandom {
    private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;
    private static final double UNIT_53 = 0x1.0p-53;

    private CounterRandom() {}

    /** 64 random bits. */
    public static long bits(long seed, long stream, long index) {
        long h = mix(seed + GOLDEN_GAMMA);
        h = mix(h ^ (stream + GOLDEN_GAMMA));
        return mix(h + GOLDEN_GAMMA * (index + 1));
    }

    /** Uniform in [0, 1), on a grid of 2⁻⁵³. */
    public static double uniform(long seed, long stream, long index) {
        return (bits(seed, stream, index) >>> 11) * UNIT_53;
    }

    /**
     * Standard normal, by Box and Muller's method; indices 2i and 2i + 1 share a pair. In StrictMath, so that weights
     * start with the same bits on every machine.
     */
    public static double normal(long seed, long stream, long index) {
        Pair pair = Pair.of(seed, stream, index & ~1L);
        return (index & 1) == 0 ? pair.first() : pair.second();
    }

    /**
     * {@link #normal} of indices in a row, each pair drawn once.
     *
     * @param to gets them in order
     */
    public static void normals(long seed, long stream, long from, double[] to) {
        int i = 0;
        if (to.length > 0 && (from & 1) != 0) {
            to[i++] = normal(seed, stream, from);
        }
        while (i < to.length) {
            Pair pair = Pair.of(seed, stream, from + i);
            to[i++] = pair.first();
            if (i < to.length) {
                to[i++] = pair.second();
            }
        }
    }

    /** Two normal numbers of one radius. */
    private record Pair(double radius, double angle) {
        /** @param index even */
        static Pair of(long seed, long stream, long index) {
            double u = 1.0 - uniform(seed, stream, index); // (0, 1]
            double angle = 2 * Math.PI * uniform(seed, stream, index + 1);
            return new Pair(Math.sqrt(-2 * StrictMath.log(u)), angle);
        }

        double first() {
            return radius * StrictMath.cos(angle);
        }

        double second() {
            return radius * StrictMath.sin(angle);
        }
    }

    /** A stream number from a name; FNV-1a over its UTF-16 units, mixed. */
    public static long stream(String name) {
        long h = 0xcbf29ce484222325L;
        for (int i = 0; i < name.length(); i++) {
            h = (h ^ name.charAt(i)) * 0x100000001b3L;
        }
        return mix(h);
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
