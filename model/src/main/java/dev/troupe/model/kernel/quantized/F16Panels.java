package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.quantized.ColumnPairs.ROW;
import static dev.troupe.model.kernel.quantized.ColumnPairs.pairs;
import static dev.troupe.model.kernel.vector.Lanes.BYTES;
import static dev.troupe.model.kernel.vector.Lanes.FLOAT;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;
import static dev.troupe.model.kernel.vector.StoredLanes.SIGN_AND_HALF;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * IEEE half precision: {@link ColumnPairs}, without scales. A number's exponent is raised by {@link #LIFT}, which
 * leaves none below the normal ones: as float32 those that are would cost a processor by Intel more than a hundred
 * cycles each. So numbers of 128 and more do not fit. What makes the floats the numbers again, a power of two, is
 * multiplied with the row, not with each of them: that changes no bit of a sum.
 */
final class F16Panels implements PanelFormat {
    static final F16Panels INSTANCE = new F16Panels();

    private static final int PANELS = 3; // at once: of four the compiler does not inline all
    static final int EXPONENT_BITS = 3; // that float32 has more
    static final int LIFT = 10;
    static final float FACTOR = 0x1p102f; // between the biases of the exponents, less the lift
    static final int FRACTION_BITS = 10;
    private static final int FRACTION = (1 << FRACTION_BITS) - 1;
    private static final int MAGNITUDE = 0x7FFF;
    private static final int MOST = MAGNITUDE - (LIFT << FRACTION_BITS); // that can be lifted

    private F16Panels() {}

    @Override
    public long bytes(int k) {
        return k * ROW;
    }

    @Override
    public boolean holds(int columns, int k, MemorySegment rows) {
        long bytes = (long) columns * k * Short.BYTES;
        int most = 0;
        for (long at = 0; at < bytes; at += Short.BYTES) {
            most = Math.max(most, rows.get(BlockLayout.SHORT, at) & MAGNITUDE);
        }
        return most <= MOST;
    }

    @Override
    public void pack(int columns, int k, MemorySegment rows, MemorySegment panel) {
        if (PairPacking.holds(columns, k)) {
            PairPacking.packF16(k, rows.address(), panel.address());
            return;
        }
        ColumnPairs.pack(columns, k, rows, panel, F16Panels::lift);
    }

    private static short lift(short half) {
        int magnitude = half & MAGNITUDE;
        if (magnitude > FRACTION) {
            return (short) (half + (LIFT << FRACTION_BITS));
        }
        if (magnitude == 0) {
            return half;
        }
        int places = Integer.numberOfLeadingZeros(magnitude) - Integer.numberOfLeadingZeros(FRACTION + 1);
        int exponent = LIFT + 1 - places;
        return (short) ((half & ~MAGNITUDE) | (exponent << FRACTION_BITS) | ((magnitude << places) & FRACTION));
    }

    @Override
    public float rowFactor() {
        return FACTOR;
    }

    @Override
    public void scales(int depth, long panel, long table) {
        // There are none.
    }

    @Override
    public void unpack(int depth, long panel, long table, int column, long to, long step) {
        long from = panel + column * (long) Short.BYTES;
        for (int p = 0; p < depth; p++) {
            IntVector v = pairs(from);
            first(v).mul(FACTOR).intoMemorySegment(MEMORY, to, ORDER);
            second(v).mul(FACTOR).intoMemorySegment(MEMORY, to + BYTES, ORDER);
            from += ROW;
            to += step;
        }
    }

    @Override
    public int most() {
        return PANELS;
    }

    @Override
    public void multiply(int panels, int depth, long a, long panel, long distance, long table, int column, long c) {
        long w = panel + column * (long) Short.BYTES;
        switch (panels) {
            case 3 -> three(depth, a, w, distance, c);
            case 2 -> two(depth, a, w, distance, c);
            default -> one(depth, a, w, c);
        }
    }

    private static void three(int depth, long a, long w, long distance, long c) {
        FloatVector s0 = FloatVector.zero(SPECIES);
        FloatVector s1 = FloatVector.zero(SPECIES);
        FloatVector s2 = FloatVector.zero(SPECIES);
        FloatVector s3 = FloatVector.zero(SPECIES);
        FloatVector s4 = FloatVector.zero(SPECIES);
        FloatVector s5 = FloatVector.zero(SPECIES);
        for (long end = a + depth * 4L; a != end; ) {
            FloatVector x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a));
            IntVector v0 = pairs(w);
            IntVector v1 = pairs(w + distance);
            IntVector v2 = pairs(w + 2 * distance);
            s0 = x.fma(first(v0), s0);
            s1 = x.fma(second(v0), s1);
            s2 = x.fma(first(v1), s2);
            s3 = x.fma(second(v1), s3);
            s4 = x.fma(first(v2), s4);
            s5 = x.fma(second(v2), s5);
            a += 4;
            w += ROW;
        }
        s0.intoMemorySegment(MEMORY, c, ORDER);
        s1.intoMemorySegment(MEMORY, c + BYTES, ORDER);
        s2.intoMemorySegment(MEMORY, c + SUMS, ORDER);
        s3.intoMemorySegment(MEMORY, c + SUMS + BYTES, ORDER);
        s4.intoMemorySegment(MEMORY, c + 2 * SUMS, ORDER);
        s5.intoMemorySegment(MEMORY, c + 2 * SUMS + BYTES, ORDER);
    }

    private static void two(int depth, long a, long w, long distance, long c) {
        FloatVector s0 = FloatVector.zero(SPECIES);
        FloatVector s1 = FloatVector.zero(SPECIES);
        FloatVector s2 = FloatVector.zero(SPECIES);
        FloatVector s3 = FloatVector.zero(SPECIES);
        for (long end = a + depth * 4L; a != end; ) {
            FloatVector x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a));
            IntVector v0 = pairs(w);
            IntVector v1 = pairs(w + distance);
            s0 = x.fma(first(v0), s0);
            s1 = x.fma(second(v0), s1);
            s2 = x.fma(first(v1), s2);
            s3 = x.fma(second(v1), s3);
            a += 4;
            w += ROW;
        }
        s0.intoMemorySegment(MEMORY, c, ORDER);
        s1.intoMemorySegment(MEMORY, c + BYTES, ORDER);
        s2.intoMemorySegment(MEMORY, c + SUMS, ORDER);
        s3.intoMemorySegment(MEMORY, c + SUMS + BYTES, ORDER);
    }

    private static void one(int depth, long a, long w, long c) {
        FloatVector s0 = FloatVector.zero(SPECIES);
        FloatVector s1 = FloatVector.zero(SPECIES);
        for (long end = a + depth * 4L; a != end; ) {
            FloatVector x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a));
            IntVector v0 = pairs(w);
            s0 = x.fma(first(v0), s0);
            s1 = x.fma(second(v0), s1);
            a += 4;
            w += ROW;
        }
        s0.intoMemorySegment(MEMORY, c, ORDER);
        s1.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    }

    /** The first columns of pairs. */
    private static FloatVector first(IntVector pairs) {
        return pairs.lanewise(VectorOperators.LSHL, Short.SIZE)
                .lanewise(VectorOperators.ASHR, EXPONENT_BITS)
                .and(SIGN_AND_HALF)
                .reinterpretAsFloats();
    }

    /** The second ones. */
    private static FloatVector second(IntVector pairs) {
        return pairs.lanewise(VectorOperators.ASHR, EXPONENT_BITS)
                .and(SIGN_AND_HALF)
                .reinterpretAsFloats();
    }
}
