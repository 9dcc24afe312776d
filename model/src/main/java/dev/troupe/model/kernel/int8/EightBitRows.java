package dev.troupe.model.kernel.int8;

import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;
import static dev.troupe.model.kernel.vector.Lanes.load;
import static dev.troupe.model.kernel.vector.Lanes.store;

import dev.troupe.model.kernel.vector.Lanes;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * A row of A, rounded run by run: k float32 that are integers, then for each run two float32, -128 times the sum of its
 * integers, and their scale.
 */
final class EightBitRows {
    /** Bytes of a run's two. */
    static final long CONSTANTS = 2L * Float.BYTES;

    /** From the first of them to the second. */
    static final long SCALE = Float.BYTES;

    private static final int RUN = BlockWeight.RUN;

    private EightBitRows() {}

    /** From a row to its constants. */
    static long constants(int k) {
        return k * (long) Float.BYTES;
    }

    /** Bytes of a row. */
    static long bytes(int k) {
        return constants(k) + k / RUN * CONSTANTS;
    }

    /** Rounds a row. */
    static void round(int k, long from, long to) {
        long constants = to + constants(k);
        for (int run = 0; run < k / RUN; run++) {
            long elements = from + run * (RUN * 4L);
            float greatest = Int8Rows.greatest(RUN, elements);
            int sum = roundRun(elements, Int8Rounding.inverse(greatest), to + run * (RUN * 4L));
            Lanes.set(constants + run * CONSTANTS, -BlockWeight.ZERO_OF_EIGHT * sum);
            Lanes.set(constants + run * CONSTANTS + SCALE, Int8Rounding.scale(greatest));
        }
    }

    private static int roundRun(long from, float inverse, long to) {
        int sum = 0;
        for (int i = 0; i < RUN; i += LANES) {
            IntVector numbers = Int8Rows.numbers(load(from + i * 4L), inverse);
            store((FloatVector) numbers.convertShape(VectorOperators.I2F, SPECIES, 0), to + i * 4L);
            sum += numbers.reduceLanes(VectorOperators.ADD);
        }
        return sum;
    }
}
