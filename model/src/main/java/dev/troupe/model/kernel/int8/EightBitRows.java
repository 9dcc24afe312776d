package dev.troupe.model.kernel.int8;

import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;
import static dev.troupe.model.kernel.vector.Lanes.load;
import static dev.troupe.model.kernel.vector.Lanes.store;

import dev.troupe.model.kernel.vector.Lanes;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** A row of A, rounded run by run: k float32 that are integers, then for each run their scale. */
final class EightBitRows {
    private static final int RUN = BlockWeight.RUN;

    private EightBitRows() {}

    /** From a row to its scales. */
    static long scales(int k) {
        return k * (long) Float.BYTES;
    }

    /** Bytes of a row. */
    static long bytes(int k) {
        return scales(k) + k / RUN * (long) Float.BYTES;
    }

    /** Rounds a row. */
    static void round(int k, long from, long to) {
        long scales = to + scales(k);
        for (int run = 0; run < k / RUN; run++) {
            long elements = from + run * (RUN * 4L);
            float greatest = Int8Rows.greatest(RUN, elements);
            round(elements, Int8Rounding.inverse(greatest), to + run * (RUN * 4L));
            Lanes.set(scales + run * 4L, Int8Rounding.scale(greatest));
        }
    }

    private static void round(long from, float inverse, long to) {
        for (int i = 0; i < RUN; i += LANES) {
            IntVector numbers = Int8Rows.numbers(load(from + i * 4L), inverse);
            store((FloatVector) numbers.convertShape(VectorOperators.I2F, SPECIES, 0), to + i * 4L);
        }
    }
}
