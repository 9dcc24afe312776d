package dev.troupe.model.kernel.int8;

import static dev.troupe.model.kernel.vector.Lanes.ADDRESS;
import static dev.troupe.model.kernel.vector.Lanes.BYTES;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;

import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Sums of products in 16-bit lanes, of which a vector has twice as many as float32 lanes. A product of 8 and 4 bits
 * fits, and so does a sum of 32 of them with q - 8: from -32,512 to 28,448. What is summed here are q · x, modulo 2^16,
 * of a single row upon -8 · Σ x, which {@link FourBitScaling} adds to the sums of more: here it would be more than C2
 * inlines, and vectors that it does not inline are on the heap. Added there to a single row, too, that row took 1.7
 * times as long.
 *
 * <p>Modulo 2^16 none of the eight numbers of an int needs to be cut out, and an int can be shifted as a whole, which
 * takes one instruction where a vector of shorts takes three. With v_i the lower 16 bits of the int shifted by i of
 * them, q_i = v_i - 16 v_{i+1} and v_8 = 0, so Σ q_i · x_i = Σ v_i · (x_i - 16 x_{i-1}), where x_{-1} = 0: a strip has
 * what is in brackets. The int shifted by i has v_i in its lower lane and v_{i+4} in its upper one, so four of them do,
 * and the sum is what both lanes have together ({@link FourBitScaling}).
 *
 * <p>Loops over the ints of a run end at an address, so that the compiler does not unroll them and put all that they
 * are multiplied with on the stack: see PanelFormat's products. Rows are written out by hand and addresses are masked,
 * so that nothing is checked. Each number of rows has a loop over runs of its own: with one loop that chose within it,
 * the compiler made slow code of what it met second.
 *
 * @param first from {@code weights} to the numbers of the first run
 * @param distance from the numbers of a run to those of the next
 */
record FourBitTile(long first, long distance) implements FourBitPass {
    static final FourBitTile Q4_0 = new FourBitTile(BlockWeight.HALVES, BlockWeight.SMALL_RUN);
    static final FourBitTile Q4_K =
            new FourBitTile(2 * BlockWeight.HALVES + BlockWeight.LARGE_SCALES, BlockWeight.LARGE_RUN);

    private static final VectorSpecies<Short> SHORTS = ShortVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final int BITS = FourBitStrips.BITS;
    private static final int PER_LANE = Short.SIZE / BITS;
    private static final int STEPS = BlockWeight.STEPS;
    private static final long ROW = BlockWeight.ROW; // of numbers, and of sums

    /** That of a type. */
    static FourBitTile of(StorageType type) {
        return type == StorageType.Q4_0 ? Q4_0 : Q4_K;
    }

    @Override
    public void run(int runs, int rows, long strip, long weights, long table, long sums, long totals) {
        long step = FourBitStrips.runBytes(rows);
        long numbers = weights + first;
        switch (rows) {
            case 4 -> fours(runs, step, strip, numbers, sums);
            case 2 -> twos(runs, step, strip, numbers, sums);
            default -> ones(runs, step, strip, numbers, sums);
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

    /** At a masked address. */
    private static ShortVector numbers(long at) {
        return ShortVector.fromMemorySegment(SHORTS, MEMORY, at, ORDER);
    }

    /** Shifted as ints. */
    private static ShortVector next(ShortVector numbers) {
        return numbers.reinterpretAsInts().lanewise(VectorOperators.LSHR, BITS).reinterpretAsShorts();
    }

    /** Asked of the product: of a sum in a loop the compiler at times does not know what it is, and boxes it. */
    private static ShortVector add(ShortVector sum, ShortVector numbers, ShortVector x) {
        return numbers.mul(x).add(sum);
    }

    private static ShortVector pair(long at) {
        return IntVector.broadcast(INTS, MEMORY.get(INT, at)).reinterpretAsShorts();
    }

    private static void store(ShortVector sums, long to) {
        sums.intoMemorySegment(MEMORY, to, ORDER);
    }

    private static void one(long strip, long numbers, long sums) {
        ShortVector s = pair((strip + FourBitStrips.starts(1)) & ADDRESS);
        ShortVector t = s;
        long at = numbers;
        for (long end = numbers + STEPS * ROW; at != end; at += ROW) {
            long from = at & ADDRESS;
            ShortVector q = numbers(from);
            ShortVector p = numbers(from + BYTES);
            for (int i = 0; i < PER_LANE; i++) {
                ShortVector x = pair((strip + i * 4L) & ADDRESS);
                s = add(s, q, x);
                t = add(t, p, x);
                q = next(q);
                p = next(p);
            }
            strip += 16;
        }
        long to = sums & ADDRESS;
        store(s, to);
        store(t, to + BYTES);
    }

    private static void two(long strip, long numbers, long sums) {
        ShortVector s0 = ShortVector.zero(SHORTS);
        ShortVector s1 = s0;
        ShortVector t0 = s0;
        ShortVector t1 = s0;
        long at = numbers;
        for (long end = numbers + STEPS * ROW; at != end; at += ROW) {
            long from = at & ADDRESS;
            ShortVector q = numbers(from);
            ShortVector p = numbers(from + BYTES);
            for (int i = 0; i < PER_LANE; i++) {
                long x = (strip + i * 8L) & ADDRESS;
                ShortVector x0 = pair(x);
                ShortVector x1 = pair(x + 4);
                s0 = add(s0, q, x0);
                s1 = add(s1, q, x1);
                t0 = add(t0, p, x0);
                t1 = add(t1, p, x1);
                q = next(q);
                p = next(p);
            }
            strip += 32;
        }
        long to = sums & ADDRESS;
        store(s0, to);
        store(t0, to + BYTES);
        store(s1, to + ROW);
        store(t1, to + ROW + BYTES);
    }

    private static void four(long strip, long numbers, long sums) {
        ShortVector s0 = ShortVector.zero(SHORTS);
        ShortVector s1 = s0;
        ShortVector s2 = s0;
        ShortVector s3 = s0;
        ShortVector t0 = s0;
        ShortVector t1 = s0;
        ShortVector t2 = s0;
        ShortVector t3 = s0;
        long at = numbers;
        for (long end = numbers + STEPS * ROW; at != end; at += ROW) {
            long from = at & ADDRESS;
            ShortVector q = numbers(from);
            ShortVector p = numbers(from + BYTES);
            for (int i = 0; i < PER_LANE; i++) {
                long x = (strip + i * 16L) & ADDRESS;
                ShortVector x0 = pair(x);
                s0 = add(s0, q, x0);
                t0 = add(t0, p, x0);
                ShortVector x1 = pair(x + 4);
                s1 = add(s1, q, x1);
                t1 = add(t1, p, x1);
                ShortVector x2 = pair(x + 8);
                s2 = add(s2, q, x2);
                t2 = add(t2, p, x2);
                ShortVector x3 = pair(x + 12);
                s3 = add(s3, q, x3);
                t3 = add(t3, p, x3);
                q = next(q);
                p = next(p);
            }
            strip += 64;
        }
        long to = sums & ADDRESS;
        store(s0, to);
        store(t0, to + BYTES);
        store(s1, to + ROW);
        store(t1, to + ROW + BYTES);
        store(s2, to + 2 * ROW);
        store(t2, to + 2 * ROW + BYTES);
        store(s3, to + 3 * ROW);
        store(t3, to + 3 * ROW + BYTES);
    }
}
