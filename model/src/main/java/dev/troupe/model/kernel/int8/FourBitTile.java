package dev.troupe.model.kernel.int8;

import static dev.troupe.model.kernel.vector.Lanes.ADDRESS;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;

import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Sums of products in 16-bit lanes, of which a vector has twice as many as float32 lanes. A product of 8 and 4 bits
 * fits, and so does a sum of 32 of them with q - 8: from -32,512 to 28,448. What is summed here are q · x, modulo 2^16;
 * {@link FourBitScaling} subtracts 8 · Σ x, modulo 2^16.
 *
 * <p>Modulo 2^16 none of the four numbers of a lane needs to be cut out. With v_i the lane shifted by i of them, q_i =
 * v_i - 16 v_{i+1} and v_4 = 0, so Σ q_i · x_i = Σ v_i · (x_i - 16 x_{i-1}), where x_{-1} = 0: a strip has what is in
 * brackets.
 *
 * <p>Rows are written out by hand and addresses are masked, so that nothing is checked. Each number of rows has a loop
 * over runs of its own: with one loop that chose within it, the compiler made slow code of what it met second.
 *
 * @param first from {@code weights} to the numbers of the first run
 * @param distance from the numbers of a run to those of the next
 */
record FourBitTile(long first, long distance) implements FourBitPass {
    static final FourBitTile Q4_0 = new FourBitTile(FourBitWeight.HALVES, FourBitWeight.SMALL_RUN);
    static final FourBitTile Q4_K =
            new FourBitTile(2 * FourBitWeight.HALVES + 2L * FourBitWeight.COLUMNS, FourBitWeight.LARGE_RUN);

    private static final VectorSpecies<Short> SHORTS = ShortVector.SPECIES_PREFERRED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final int BITS = FourBitStrips.BITS;
    private static final int PER_SHORT = FourBitStrips.PER_LANE;
    private static final int STEPS = FourBitWeight.RUN / PER_SHORT;
    private static final long ROW = FourBitWeight.COLUMNS * 2L; // of numbers, and of sums

    /** That of a type. */
    static FourBitTile of(StorageType type) {
        return type == StorageType.Q4_0 ? Q4_0 : Q4_K;
    }

    @Override
    public void run(int runs, int rows, long strip, long weights, long table, long sums, long totals) {
        long step = FourBitStrips.runBytes(rows);
        long numbers = weights + first;
        switch (rows) {
            case 8 -> eights(runs, step, strip, numbers, sums);
            case 4 -> fours(runs, step, strip, numbers, sums);
            case 2 -> twos(runs, step, strip, numbers, sums);
            default -> ones(runs, step, strip, numbers, sums);
        }
    }

    private void eights(int runs, long step, long strip, long numbers, long sums) {
        for (int run = 0; run < runs; run++) {
            eight(strip + run * step, numbers + run * distance, sums + run * (8 * ROW));
        }
    }

    private void fours(int runs, long step, long strip, long numbers, long sums) {
        for (int run = 0; run < runs; run++) {
            four(strip + run * step, numbers + run * distance, sums + run * (4 * ROW));
        }
    }

    private void twos(int runs, long step, long strip, long numbers, long sums) {
        for (int run = 0; run < runs; run++) {
            two(strip + run * step, numbers + run * distance, sums + run * (2 * ROW));
        }
    }

    private void ones(int runs, long step, long strip, long numbers, long sums) {
        for (int run = 0; run < runs; run++) {
            one(strip + run * step, numbers + run * distance, sums + run * ROW);
        }
    }

    /**
     * As {@link #run} for one row, of several panels, run by run.
     *
     * @param panelBytes from one panel to the next
     * @param sumsBytes from the sums of one panel to those of the next
     */
    void panels(int panels, long panelBytes, int runs, long strip, long weights, long sums, long sumsBytes) {
        long step = FourBitStrips.runBytes(1);
        long numbers = weights + first;
        for (int run = 0; run < runs; run++) {
            for (int p = 0; p < panels; p++) {
                one(strip + run * step, numbers + p * panelBytes + run * distance, sums + p * sumsBytes + run * ROW);
            }
        }
    }

    private static ShortVector numbers(long at) {
        return ShortVector.fromMemorySegment(SHORTS, MEMORY, at & ADDRESS, ORDER);
    }

    private static ShortVector from(ShortVector numbers, int bits) {
        return numbers.lanewise(VectorOperators.LSHR, bits);
    }

    /** Asked of the product: of a sum in a loop the compiler at times does not know what it is, and boxes it. */
    private static ShortVector add(ShortVector sum, ShortVector numbers, long x) {
        return numbers.mul(MEMORY.get(SHORT, x)).add(sum);
    }

    /** Ends at an address, so that the compiler does not unroll it: see PanelFormat's products. */
    private static void one(long strip, long numbers, long sums) {
        ShortVector s = ShortVector.zero(SHORTS);
        long at = numbers;
        for (long end = numbers + STEPS * ROW; at != end; at += ROW) {
            ShortVector q = numbers(at);
            long x = strip & ADDRESS;
            s = add(s, q, x);
            s = add(s, from(q, BITS), x + 2);
            s = add(s, from(q, 2 * BITS), x + 4);
            s = add(s, from(q, 3 * BITS), x + 6);
            strip += 8;
        }
        s.intoMemorySegment(MEMORY, sums & ADDRESS, ORDER);
    }

    private static void two(long strip, long numbers, long sums) {
        ShortVector s0 = ShortVector.zero(SHORTS);
        ShortVector s1 = s0;
        for (int step = 0; step < STEPS; step++) {
            ShortVector q = numbers(numbers + step * ROW);
            for (int i = 0; i < PER_SHORT; i++) {
                long x = (strip + step * 16L + i * 4L) & ADDRESS;
                s0 = add(s0, q, x);
                s1 = add(s1, q, x + 2);
                q = from(q, BITS);
            }
        }
        long to = sums & ADDRESS;
        s0.intoMemorySegment(MEMORY, to, ORDER);
        s1.intoMemorySegment(MEMORY, to + ROW, ORDER);
    }

    private static void four(long strip, long numbers, long sums) {
        ShortVector s0 = ShortVector.zero(SHORTS);
        ShortVector s1 = s0;
        ShortVector s2 = s0;
        ShortVector s3 = s0;
        for (int step = 0; step < STEPS; step++) {
            ShortVector q = numbers(numbers + step * ROW);
            for (int i = 0; i < PER_SHORT; i++) {
                long x = (strip + step * 32L + i * 8L) & ADDRESS;
                s0 = add(s0, q, x);
                s1 = add(s1, q, x + 2);
                s2 = add(s2, q, x + 4);
                s3 = add(s3, q, x + 6);
                q = from(q, BITS);
            }
        }
        long to = sums & ADDRESS;
        s0.intoMemorySegment(MEMORY, to, ORDER);
        s1.intoMemorySegment(MEMORY, to + ROW, ORDER);
        s2.intoMemorySegment(MEMORY, to + 2 * ROW, ORDER);
        s3.intoMemorySegment(MEMORY, to + 3 * ROW, ORDER);
    }

    private static void eight(long strip, long numbers, long sums) {
        ShortVector s0 = ShortVector.zero(SHORTS);
        ShortVector s1 = s0;
        ShortVector s2 = s0;
        ShortVector s3 = s0;
        ShortVector s4 = s0;
        ShortVector s5 = s0;
        ShortVector s6 = s0;
        ShortVector s7 = s0;
        for (int step = 0; step < STEPS; step++) {
            ShortVector q = numbers(numbers + step * ROW);
            for (int i = 0; i < PER_SHORT; i++) {
                long x = (strip + step * 64L + i * 16L) & ADDRESS;
                s0 = add(s0, q, x);
                s1 = add(s1, q, x + 2);
                s2 = add(s2, q, x + 4);
                s3 = add(s3, q, x + 6);
                s4 = add(s4, q, x + 8);
                s5 = add(s5, q, x + 10);
                s6 = add(s6, q, x + 12);
                s7 = add(s7, q, x + 14);
                q = from(q, BITS);
            }
        }
        long to = sums & ADDRESS;
        s0.intoMemorySegment(MEMORY, to, ORDER);
        s1.intoMemorySegment(MEMORY, to + ROW, ORDER);
        s2.intoMemorySegment(MEMORY, to + 2 * ROW, ORDER);
        s3.intoMemorySegment(MEMORY, to + 3 * ROW, ORDER);
        s4.intoMemorySegment(MEMORY, to + 4 * ROW, ORDER);
        s5.intoMemorySegment(MEMORY, to + 5 * ROW, ORDER);
        s6.intoMemorySegment(MEMORY, to + 6 * ROW, ORDER);
        s7.intoMemorySegment(MEMORY, to + 7 * ROW, ORDER);
    }
}
