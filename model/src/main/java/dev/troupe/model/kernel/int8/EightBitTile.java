package dev.troupe.model.kernel.int8;

import static dev.troupe.model.kernel.vector.Lanes.ADDRESS;
import static dev.troupe.model.kernel.vector.Lanes.BYTES;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;

import dev.troupe.model.kernel.vector.StoredLanes;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Sums of products of eight bits in float32 lanes, in which integers up to 2^24 are exact: 32 products of 0 to 255 and
 * -127 to 127 upon -128 · Σ x stay below 2^21. A row of A lies as {@link EightBitRows} writes it.
 *
 * <p>Several rows go over numbers that are unpacked once for all of them, a single one unpacks as it goes.
 */
final class EightBitTile {
    /** Bytes of an unpacked run: [RUN][COLUMNS] float32. */
    static final long UNPACKED_RUN = BlockWeight.RUN * ((long) BlockWeight.COLUMNS * Float.BYTES);

    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final long ROW = BlockWeight.COLUMNS * (long) Float.BYTES;
    private static final long SECOND = BYTES / 2; // from a pair's first float16 to its second
    private static final long FOUR_ROWS = BlockWeight.BYTES_PER_INT * ROW;
    private static final long INPUTS = BlockWeight.RUN * (long) Float.BYTES;
    private static final int TOP = Integer.SIZE - Byte.SIZE;

    private EightBitTile() {}

    /** Writes the numbers, plus 128, of runs as float32. */
    static void unpack(int runs, long weights, long to) {
        for (int run = 0; run < runs; run++) {
            long from = weights + run * BlockWeight.BYTE_RUN + BlockWeight.HALVES;
            long at = to + run * UNPACKED_RUN;
            for (int step = 0; step < BlockWeight.BYTE_STEPS; step++) {
                unpackFour(from + step * BlockWeight.ROW, at + step * FOUR_ROWS);
                unpackFour(from + step * BlockWeight.ROW + BYTES, at + step * FOUR_ROWS + BYTES);
            }
        }
    }

    private static void unpackFour(long from, long to) {
        IntVector four = IntVector.fromMemorySegment(INTS, MEMORY, from & ADDRESS, ORDER);
        for (int i = 0; i < BlockWeight.BYTES_PER_INT; i++) {
            number(four, i).intoMemorySegment(MEMORY, (to + i * ROW) & ADDRESS, ORDER);
        }
    }

    private static FloatVector number(IntVector four, int i) {
        IntVector upper = four.lanewise(VectorOperators.LSHL, TOP - i * Byte.SIZE);
        return (FloatVector) upper.lanewise(VectorOperators.LSHR, TOP).convertShape(VectorOperators.I2F, SPECIES, 0);
    }

    /**
     * Adds some runs of four rows to their totals.
     *
     * @param x the first row at the first run, rows {@code rowX} apart
     * @param constants of the first row and run, rows {@code rowX} apart
     * @param weights at the first run, for its scales
     * @param unpacked of {@link #unpack}
     * @param totals [4][COLUMNS], a row after another
     */
    static void four(int runs, long x, long constants, long rowX, long weights, long unpacked, long totals) {
        for (int run = 0; run < runs; run++) {
            long own = constants + run * EightBitRows.CONSTANTS;
            long from = x + run * INPUTS;
            long numbers = unpacked + run * UNPACKED_RUN;
            long scales = weights + run * BlockWeight.BYTE_RUN;
            four(from, own, rowX, numbers, scales, totals);
        }
    }

    private static void four(long x, long constants, long rowX, long numbers, long scales, long totals) {
        FloatVector s0 = broadcast(constants);
        FloatVector s1 = broadcast(constants + rowX);
        FloatVector s2 = broadcast(constants + 2 * rowX);
        FloatVector s3 = broadcast(constants + 3 * rowX);
        FloatVector t0 = s0;
        FloatVector t1 = s1;
        FloatVector t2 = s2;
        FloatVector t3 = s3;
        long at = numbers;
        for (long end = numbers + UNPACKED_RUN; at != end; at += ROW) {
            FloatVector q = load(at);
            FloatVector p = load(at + BYTES);
            FloatVector x0 = broadcast(x);
            s0 = q.fma(x0, s0);
            t0 = p.fma(x0, t0);
            FloatVector x1 = broadcast(x + rowX);
            s1 = q.fma(x1, s1);
            t1 = p.fma(x1, t1);
            FloatVector x2 = broadcast(x + 2 * rowX);
            s2 = q.fma(x2, s2);
            t2 = p.fma(x2, t2);
            FloatVector x3 = broadcast(x + 3 * rowX);
            s3 = q.fma(x3, s3);
            t3 = p.fma(x3, t3);
            x += Float.BYTES;
        }
        FloatVector scale = StoredLanes.finiteF16(scales & ADDRESS);
        total(s0, constants, scale, totals);
        total(s1, constants + rowX, scale, totals + ROW);
        total(s2, constants + 2 * rowX, scale, totals + 2 * ROW);
        total(s3, constants + 3 * rowX, scale, totals + 3 * ROW);
        FloatVector second = StoredLanes.finiteF16((scales + SECOND) & ADDRESS);
        total(t0, constants, second, totals + BYTES);
        total(t1, constants + rowX, second, totals + BYTES + ROW);
        total(t2, constants + 2 * rowX, second, totals + BYTES + 2 * ROW);
        total(t3, constants + 3 * rowX, second, totals + BYTES + 3 * ROW);
    }

    /** Adds some runs of a row to its totals; as {@link #four}, from what is unpacked. */
    static void one(int runs, long x, long constants, long weights, long unpacked, long totals) {
        for (int run = 0; run < runs; run++) {
            long own = constants + run * EightBitRows.CONSTANTS;
            FloatVector s = broadcast(own);
            FloatVector t = s;
            long from = x + run * INPUTS;
            long at = unpacked + run * UNPACKED_RUN;
            for (long end = at + UNPACKED_RUN; at != end; at += ROW) {
                FloatVector factor = broadcast(from);
                s = load(at).fma(factor, s);
                t = load(at + BYTES).fma(factor, t);
                from += Float.BYTES;
            }
            long scales = weights + run * BlockWeight.BYTE_RUN;
            total(s, own, StoredLanes.finiteF16(scales & ADDRESS), totals);
            total(t, own, StoredLanes.finiteF16((scales + SECOND) & ADDRESS), totals + BYTES);
        }
    }

    /** As {@link #one}, of the only row: numbers are unpacked as they are multiplied. */
    static void only(int runs, long x, long constants, long weights, long totals) {
        for (int run = 0; run < runs; run++) {
            long own = constants + run * EightBitRows.CONSTANTS;
            FloatVector s = broadcast(own);
            FloatVector t = s;
            long from = x + run * INPUTS;
            long scales = weights + run * BlockWeight.BYTE_RUN;
            long at = scales + BlockWeight.HALVES;
            for (long end = at + BlockWeight.BYTE_STEPS * BlockWeight.ROW; at != end; at += BlockWeight.ROW) {
                IntVector p = IntVector.fromMemorySegment(INTS, MEMORY, at & ADDRESS, ORDER);
                IntVector q = IntVector.fromMemorySegment(INTS, MEMORY, (at + BYTES) & ADDRESS, ORDER);
                for (int i = 0; i < BlockWeight.BYTES_PER_INT; i++) {
                    FloatVector factor = broadcast(from + i * 4L);
                    s = number(p, i).fma(factor, s);
                    t = number(q, i).fma(factor, t);
                }
                from += BlockWeight.BYTES_PER_INT * 4L;
            }
            total(s, own, StoredLanes.finiteF16(scales & ADDRESS), totals);
            total(t, own, StoredLanes.finiteF16((scales + SECOND) & ADDRESS), totals + BYTES);
        }
    }

    private static void total(FloatVector sum, long constants, FloatVector scale, long to) {
        FloatVector total = sum.mul(broadcast(constants + EightBitRows.SCALE)).fma(scale, load(to));
        total.intoMemorySegment(MEMORY, to & ADDRESS, ORDER);
    }

    private static FloatVector load(long at) {
        return FloatVector.fromMemorySegment(SPECIES, MEMORY, at & ADDRESS, ORDER);
    }

    private static FloatVector broadcast(long at) {
        return FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, at & ADDRESS));
    }
}
