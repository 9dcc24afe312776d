package dev.troupe.model.kernel.int8;

import static dev.troupe.model.kernel.vector.Lanes.ADDRESS;
import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.load;

import dev.troupe.model.kernel.vector.Lanes;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Rows of A, rounded run by run, in strips of 4, 2 or 1 rows. A run of a strip is [4][4][rows] ints, of each eight
 * numbers the first and the fifth, the second and the sixth, and so on, as shorts, each less 16 times the number before
 * it of the eight ({@link FourBitTile} has the reason), then for each row an int, -8 times the sum of its numbers in
 * the upper half, a float32, its scale, and a float32, the sum times the scale.
 */
final class FourBitStrips {
    /** Rows of the highest strip. */
    static final int MOST_ROWS = 4;

    /** Of a weight. */
    static final int BITS = 4;

    private static final int EIGHT = BlockWeight.PER_INT;
    private static final int HALF = EIGHT / 2;

    private static final int RUN = BlockWeight.RUN;
    private static final int LOWER = 0xFFFF; // half of an int
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
    private static final int PER_ROW = RUN * Short.BYTES + Integer.BYTES + 2 * Float.BYTES;

    /** What is before the first of eight numbers does not count. */
    private static final IntVector BEFORE_COUNTS = IntVector.fromArray(INTS, beforeCounts(), 0);

    /** Runs that are stored before any is read again: a load waits for stores just before it that hold parts of it. */
    private static final int AT_ONCE = 16;

    // Of the scratch: the numbers, one before them; then a run's pairs.
    private static final long NUMBERS = Integer.BYTES;
    private static final long PAIRS = NUMBERS + AT_ONCE * RUN * 4L;

    /** Bytes that {@link #store} works in. */
    static final long SCRATCH = PAIRS + RUN * 4L;

    private FourBitStrips() {}

    private static int[] beforeCounts() {
        int[] counts = new int[LANES];
        for (int i = 0; i < LANES; i++) {
            counts[i] = i % EIGHT == 0 ? 0 : -1;
        }
        return counts;
    }

    /** Rows of the strip that begins where {@code rows} are left. */
    static int height(int rows) {
        return rows >= MOST_ROWS ? MOST_ROWS : Integer.highestOneBit(rows);
    }

    /** Bytes of a run of a strip. */
    static long runBytes(int rows) {
        return (long) PER_ROW * rows;
    }

    /** Bytes of all strips of {@code rows} rows: the same whatever their heights. */
    static long bytes(int rows, int k) {
        return k / RUN * runBytes(rows);
    }

    /** From the start of a run to its ints. */
    static long starts(int rows) {
        return (long) RUN * Short.BYTES * rows;
    }

    /** From the start of a run to its scales. */
    static long scales(int rows) {
        return starts(rows) + (long) Integer.BYTES * rows;
    }

    /** From the start of a run to its scaled sums. */
    static long sums(int rows) {
        return scales(rows) + (long) Float.BYTES * rows;
    }

    /**
     * Rounds a row of a strip.
     *
     * @param rows of the strip
     * @param row which of them
     * @param scratch of {@link #SCRATCH} bytes
     */
    static void store(int rows, int row, int k, long from, long strip, long scratch) {
        int all = k / RUN;
        for (int run = 0; run < all; run += AT_ONCE) {
            int runs = Math.min(AT_ONCE, all - run);
            long to = strip + run * runBytes(rows);
            round(runs, rows, row, from + run * (RUN * 4L), to, scratch + NUMBERS);
            for (int i = 0; i < runs; i++) {
                pair(scratch + i * (RUN * 4L), scratch + PAIRS);
                copy(scratch + PAIRS, rows * 4L, to + i * runBytes(rows) + row * 4L);
            }
        }
    }

    private static void round(int runs, int rows, int row, long from, long strip, long numbers) {
        for (int run = 0; run < runs; run++) {
            long elements = from + run * (RUN * 4L);
            long at = strip + run * runBytes(rows);
            float greatest = greatest(elements);
            float scale = Int8Rounding.scale(greatest);
            int sum = round(elements, Int8Rounding.inverse(greatest), numbers + run * (RUN * 4L));
            MEMORY.set(INT, at + starts(rows) + row * 4L, (-BlockWeight.ZERO * sum) << Short.SIZE);
            Lanes.set(at + scales(rows) + row * 4L, scale);
            Lanes.set(at + sums(rows) + row * 4L, sum * scale);
        }
    }

    /** Of each eight, the first four ints of the pairs count. */
    private static void pair(long numbers, long pairs) {
        for (int i = 0; i < RUN; i += LANES) {
            long before = (numbers + i * 4L) & ADDRESS;
            IntVector lower =
                    ints(before + 4).sub(ints(before).and(BEFORE_COUNTS).lanewise(VectorOperators.LSHL, BITS));
            IntVector upper =
                    ints(before + 4 + HALF * 4L).sub(ints(before + HALF * 4L).lanewise(VectorOperators.LSHL, BITS));
            lower.and(LOWER)
                    .or(upper.lanewise(VectorOperators.LSHL, Short.SIZE))
                    .intoMemorySegment(MEMORY, (pairs + i * 4L) & ADDRESS, ORDER);
        }
    }

    private static IntVector ints(long at) {
        return IntVector.fromMemorySegment(INTS, MEMORY, at, ORDER);
    }

    private static void copy(long pairs, long distance, long to) {
        for (int step = 0; step < BlockWeight.STEPS; step++) {
            for (int i = 0; i < HALF; i++) {
                MEMORY.set(INT, to + (step * HALF + i) * distance, MEMORY.get(INT, pairs + (step * EIGHT + i) * 4L));
            }
        }
    }

    private static float greatest(long from) {
        IntVector greatest = Int8Rows.magnitudes(from);
        for (int i = LANES; i < RUN; i += LANES) {
            greatest = Int8Rows.magnitudes(from + i * 4L).max(greatest);
        }
        return Float.intBitsToFloat(greatest.reduceLanes(VectorOperators.MAX));
    }

    private static int round(long from, float inverse, long to) {
        IntVector sum = round(from, inverse, to, 0);
        for (int i = LANES; i < RUN; i += LANES) {
            sum = round(from, inverse, to, i).add(sum);
        }
        return sum.reduceLanes(VectorOperators.ADD);
    }

    private static IntVector round(long from, float inverse, long to, int i) {
        IntVector numbers = Int8Rows.numbers(load(from + i * 4L), inverse);
        numbers.intoMemorySegment(MEMORY, to + i * 4L, ORDER);
        return numbers;
    }
}
