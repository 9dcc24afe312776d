package dev.troupe.model.kernel.int8;

import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.load;

import dev.troupe.model.kernel.vector.Lanes;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Rows of A, rounded run by run, in strips of 8, 4, 2 or 1 rows. A run of a strip is [32][rows] shorts, each a number
 * less 16 times the one before it of the same {@link #PER_LANE} ({@link FourBitTile} has the reason), then for each row
 * an int, -8 times the sum of its numbers, a float32, its scale, and a float32, the sum times the scale.
 */
final class FourBitStrips {
    /** Rows of the highest strip. */
    static final int MOST_ROWS = 8;

    /** Of a weight. */
    static final int BITS = 4;

    /** Weights of a 16-bit lane. */
    static final int PER_LANE = Short.SIZE / BITS;

    private static final int RUN = FourBitWeight.RUN;
    private static final int PER_ROW = RUN * Short.BYTES + Integer.BYTES + 2 * Float.BYTES;

    private FourBitStrips() {}

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
     * @param numbers scratch of a run of ints
     */
    static void store(int rows, int row, int k, long from, long strip, long numbers) {
        for (int run = 0; run < k / RUN; run++) {
            long at = strip + run * runBytes(rows);
            float greatest = greatest(from + run * (RUN * 4L));
            float scale = Int8Rounding.scale(greatest);
            int sum = round(from + run * (RUN * 4L), Int8Rounding.inverse(greatest), numbers);
            int before = 0;
            for (int i = 0; i < RUN; i++) {
                int number = MEMORY.get(ValueLayout.JAVA_INT_UNALIGNED, numbers + i * 4L);
                int less = i % PER_LANE == 0 ? 0 : before << BITS;
                MEMORY.set(ValueLayout.JAVA_SHORT_UNALIGNED, at + 2L * (i * rows + row), (short) (number - less));
                before = number;
            }
            MEMORY.set(ValueLayout.JAVA_INT_UNALIGNED, at + starts(rows) + row * 4L, -FourBitWeight.ZERO * sum);
            Lanes.set(at + scales(rows) + row * 4L, scale);
            Lanes.set(at + sums(rows) + row * 4L, sum * scale);
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
        numbers.intoMemorySegment(MEMORY, to + i * 4L, Lanes.ORDER);
        return numbers;
    }
}
