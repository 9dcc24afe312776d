package dev.troupe.model.kernel.int8;

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

    private static final int EIGHT = FourBitWeight.PER_INT;
    private static final int HALF = EIGHT / 2;

    /**
     * By what the number before one of eight is multiplied, and zero before the first: from any of the first eight on.
     */
    private static final int[] FACTORS = factors();

    private static final int RUN = FourBitWeight.RUN;
    private static final int LOWER = 0xFFFF; // half of an int
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
    private static final int PER_ROW = RUN * Short.BYTES + Integer.BYTES + 2 * Float.BYTES;

    // Of the scratch: the numbers, one before them; then those less what was before each, and more than are read;
    // then pairs.
    private static final long NUMBERS = Integer.BYTES;
    private static final long DIFFERENCES = NUMBERS + RUN * 4L;
    private static final long PAIRS = DIFFERENCES + (RUN + HALF) * 4L;

    /** Bytes that {@link #store} works in. */
    static final long SCRATCH = PAIRS + RUN * 4L;

    private FourBitStrips() {}

    private static int[] factors() {
        int[] factors = new int[EIGHT + LANES];
        for (int i = 0; i < factors.length; i++) {
            factors[i] = i % EIGHT == 0 ? 0 : 1 << BITS;
        }
        return factors;
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
        for (int run = 0; run < k / RUN; run++) {
            long at = strip + run * runBytes(rows);
            float greatest = greatest(from + run * (RUN * 4L));
            float scale = Int8Rounding.scale(greatest);
            int sum = round(from + run * (RUN * 4L), Int8Rounding.inverse(greatest), scratch + NUMBERS);
            pair(scratch);
            for (int step = 0; step < FourBitWeight.STEPS; step++) {
                for (int i = 0; i < HALF; i++) {
                    int two = MEMORY.get(INT, scratch + PAIRS + (step * EIGHT + i) * 4L);
                    MEMORY.set(INT, at + 4L * ((step * HALF + i) * rows + row), two);
                }
            }
            MEMORY.set(INT, at + starts(rows) + row * 4L, (-FourBitWeight.ZERO * sum) << Short.SIZE);
            Lanes.set(at + scales(rows) + row * 4L, scale);
            Lanes.set(at + sums(rows) + row * 4L, sum * scale);
        }
    }

    /** Of each eight, the first four ints of the pairs count. */
    private static void pair(long scratch) {
        for (int i = 0; i < RUN; i += LANES) {
            long at = scratch + NUMBERS + i * 4L;
            IntVector factors = IntVector.fromArray(INTS, FACTORS, i % EIGHT);
            ints(at).sub(ints(at - 4).mul(factors)).intoMemorySegment(MEMORY, scratch + DIFFERENCES + i * 4L, ORDER);
        }
        for (int i = 0; i < RUN; i += LANES) {
            long at = scratch + DIFFERENCES + i * 4L;
            IntVector upper = ints(at + HALF * 4L).lanewise(VectorOperators.LSHL, Short.SIZE);
            ints(at).and(LOWER).or(upper).intoMemorySegment(MEMORY, scratch + PAIRS + i * 4L, ORDER);
        }
    }

    private static IntVector ints(long at) {
        return IntVector.fromMemorySegment(INTS, MEMORY, at, ORDER);
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
