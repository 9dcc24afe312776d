package dev.troupe.model.kernel.vector;

import static dev.troupe.model.kernel.vector.Lanes.MEMORY;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Squares of eight by eight bytes, turned in registers (Warren, Hacker's Delight, 7-3). */
public final class ByteTransposition {
    /** Rows and columns of a square. */
    public static final int SIZE = 8;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final long FOURS = 0x0000_0000_FFFF_FFFFL;
    private static final long PAIRS = 0x0000_FFFF_0000_FFFFL;
    private static final long SINGLES = 0x00FF_00FF_00FF_00FFL;

    private ByteTransposition() {}

    /**
     * Writes column i of a square as row i.
     *
     * @param from address of the first of eight rows, {@code fromStep} bytes apart
     * @param to address of the first of eight rows, {@code toStep} bytes apart
     */
    public static void turn(long from, long fromStep, long to, long toStep) {
        long a = MEMORY.get(LONG, from);
        long b = MEMORY.get(LONG, from + fromStep);
        long c = MEMORY.get(LONG, from + 2 * fromStep);
        long d = MEMORY.get(LONG, from + 3 * fromStep);
        long e = MEMORY.get(LONG, from + 4 * fromStep);
        long f = MEMORY.get(LONG, from + 5 * fromStep);
        long g = MEMORY.get(LONG, from + 6 * fromStep);
        long h = MEMORY.get(LONG, from + 7 * fromStep);

        long t = low(a, e, 32, FOURS);
        e = high(a, e, 32, FOURS);
        a = t;
        t = low(b, f, 32, FOURS);
        f = high(b, f, 32, FOURS);
        b = t;
        t = low(c, g, 32, FOURS);
        g = high(c, g, 32, FOURS);
        c = t;
        t = low(d, h, 32, FOURS);
        h = high(d, h, 32, FOURS);
        d = t;

        t = low(a, c, 16, PAIRS);
        c = high(a, c, 16, PAIRS);
        a = t;
        t = low(b, d, 16, PAIRS);
        d = high(b, d, 16, PAIRS);
        b = t;
        t = low(e, g, 16, PAIRS);
        g = high(e, g, 16, PAIRS);
        e = t;
        t = low(f, h, 16, PAIRS);
        h = high(f, h, 16, PAIRS);
        f = t;

        MEMORY.set(LONG, to, low(a, b, 8, SINGLES));
        MEMORY.set(LONG, to + toStep, high(a, b, 8, SINGLES));
        MEMORY.set(LONG, to + 2 * toStep, low(c, d, 8, SINGLES));
        MEMORY.set(LONG, to + 3 * toStep, high(c, d, 8, SINGLES));
        MEMORY.set(LONG, to + 4 * toStep, low(e, f, 8, SINGLES));
        MEMORY.set(LONG, to + 5 * toStep, high(e, f, 8, SINGLES));
        MEMORY.set(LONG, to + 6 * toStep, low(g, h, 8, SINGLES));
        MEMORY.set(LONG, to + 7 * toStep, high(g, h, 8, SINGLES));
    }

    /** The masked parts of both, those of {@code second} moved up. */
    private static long low(long first, long second, int bits, long mask) {
        return (first & mask) | (second & mask) << bits;
    }

    /** The other parts of both, those of {@code first} moved down. */
    private static long high(long first, long second, int bits, long mask) {
        return (first >>> bits & mask) | (second & ~mask);
    }
}
