package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.quantized.ColumnPairs.ROW;
import static dev.troupe.model.kernel.quantized.ColumnPairs.pairs;
import static dev.troupe.model.kernel.vector.Lanes.BYTES;
import static dev.troupe.model.kernel.vector.Lanes.FLOAT;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Upper halves of float32: {@link ColumnPairs}, without scales. */
final class Bf16Panels implements PanelFormat {
    static final Bf16Panels INSTANCE = new Bf16Panels();

    private static final int PANELS = 4; // at once
    private static final int SECOND = 0xFFFF0000;

    private Bf16Panels() {}

    @Override
    public long bytes(int k) {
        return k * ROW;
    }

    @Override
    public void pack(int columns, int k, MemorySegment rows, MemorySegment panel) {
        if (PairPacking.holds(columns, k)) {
            PairPacking.packBf16(k, rows.address(), panel.address());
            return;
        }
        ColumnPairs.pack(columns, k, rows, panel, number -> number);
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
            first(v).intoMemorySegment(MEMORY, to, ORDER);
            second(v).intoMemorySegment(MEMORY, to + BYTES, ORDER);
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
        if (panels == PANELS) {
            four(depth, a, w, distance, c);
            return;
        }
        if (panels > 1) {
            two(depth, a, w, distance, c);
        }
        if (panels % 2 == 1) {
            one(depth, a, w + (panels - 1) * distance, c + (panels - 1) * SUMS);
        }
    }

    private static void four(int depth, long a, long w, long distance, long c) {
        FloatVector s0 = FloatVector.zero(SPECIES);
        FloatVector s1 = FloatVector.zero(SPECIES);
        FloatVector s2 = FloatVector.zero(SPECIES);
        FloatVector s3 = FloatVector.zero(SPECIES);
        FloatVector s4 = FloatVector.zero(SPECIES);
        FloatVector s5 = FloatVector.zero(SPECIES);
        FloatVector s6 = FloatVector.zero(SPECIES);
        FloatVector s7 = FloatVector.zero(SPECIES);
        for (long end = a + depth * 4L; a != end; ) {
            FloatVector x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a));
            IntVector v0 = pairs(w);
            IntVector v1 = pairs(w + distance);
            IntVector v2 = pairs(w + 2 * distance);
            IntVector v3 = pairs(w + 3 * distance);
            s0 = x.fma(first(v0), s0);
            s1 = x.fma(second(v0), s1);
            s2 = x.fma(first(v1), s2);
            s3 = x.fma(second(v1), s3);
            s4 = x.fma(first(v2), s4);
            s5 = x.fma(second(v2), s5);
            s6 = x.fma(first(v3), s6);
            s7 = x.fma(second(v3), s7);
            a += 4;
            w += ROW;
        }
        s0.intoMemorySegment(MEMORY, c, ORDER);
        s1.intoMemorySegment(MEMORY, c + BYTES, ORDER);
        s2.intoMemorySegment(MEMORY, c + SUMS, ORDER);
        s3.intoMemorySegment(MEMORY, c + SUMS + BYTES, ORDER);
        s4.intoMemorySegment(MEMORY, c + 2 * SUMS, ORDER);
        s5.intoMemorySegment(MEMORY, c + 2 * SUMS + BYTES, ORDER);
        s6.intoMemorySegment(MEMORY, c + 3 * SUMS, ORDER);
        s7.intoMemorySegment(MEMORY, c + 3 * SUMS + BYTES, ORDER);
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
        return pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    /** The second ones. */
    private static FloatVector second(IntVector pairs) {
        return pairs.and(SECOND).reinterpretAsFloats();
    }
}
