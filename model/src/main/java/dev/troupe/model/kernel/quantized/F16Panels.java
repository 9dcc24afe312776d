package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.quantized.BlockLayout.FLOAT;
import static dev.troupe.model.kernel.vector.Lanes.BYTES;
import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;
import static dev.troupe.model.kernel.vector.StoredLanes.HALF_FACTOR;
import static dev.troupe.model.kernel.vector.StoredLanes.HALF_SHIFT;
import static dev.troupe.model.kernel.vector.StoredLanes.INTS;
import static dev.troupe.model.kernel.vector.StoredLanes.SHORTS;
import static dev.troupe.model.kernel.vector.StoredLanes.SIGN_AND_HALF;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/** IEEE half precision: [k][{@link #COLUMNS}], without scales. */
final class F16Panels implements PanelFormat {
    static final F16Panels INSTANCE = new F16Panels();

    private static final int SIZE = Short.BYTES;
    private static final long ROW = (long) COLUMNS * SIZE;
    private static final int SECOND = LANES * SIZE; // from a pair's first vector to its second

    private F16Panels() {}

    @Override
    public long bytes(int k) {
        return k * ROW;
    }

    @Override
    public void pack(int columns, int k, MemorySegment rows, MemorySegment panel) {
        for (int c = 0; c < columns; c++) {
            for (int p = 0; p < k; p++) {
                panel.set(
                        BlockLayout.SHORT,
                        p * ROW + c * (long) SIZE,
                        rows.get(BlockLayout.SHORT, ((long) c * k + p) * SIZE));
            }
        }
    }

    @Override
    public void scales(int depth, long panel, long table) {
        // There are none.
    }

    @Override
    public void unpack(int depth, long panel, long table, int column, long to, long step) {
        long from = panel + (long) column * SIZE;
        for (int p = 0; p < depth; p++) {
            ((IntVector) ShortVector.fromMemorySegment(SHORTS, MEMORY, from, ORDER)
                            .convertShape(VectorOperators.S2I, INTS, 0))
                    .lanewise(VectorOperators.LSHL, HALF_SHIFT)
                    .and(SIGN_AND_HALF)
                    .reinterpretAsFloats()
                    .mul(HALF_FACTOR)
                    .intoMemorySegment(MEMORY, to, ORDER);
            ((IntVector) ShortVector.fromMemorySegment(SHORTS, MEMORY, from + SECOND, ORDER)
                            .convertShape(VectorOperators.S2I, INTS, 0))
                    .lanewise(VectorOperators.LSHL, HALF_SHIFT)
                    .and(SIGN_AND_HALF)
                    .reinterpretAsFloats()
                    .mul(HALF_FACTOR)
                    .intoMemorySegment(MEMORY, to + BYTES, ORDER);
            from += ROW;
            to += step;
        }
    }

    @Override
    public void multiply(int depth, long a, long panel, long table, int column, long c) {
        long w = panel + (long) column * SIZE;
        FloatVector s0 = FloatVector.zero(SPECIES);
        FloatVector s1 = FloatVector.zero(SPECIES);
        for (int p = 0; p < depth; p++) {
            FloatVector x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a));
            s0 = x.fma(
                    ((IntVector) ShortVector.fromMemorySegment(SHORTS, MEMORY, w, ORDER)
                                    .convertShape(VectorOperators.S2I, INTS, 0))
                            .lanewise(VectorOperators.LSHL, HALF_SHIFT)
                            .and(SIGN_AND_HALF)
                            .reinterpretAsFloats()
                            .mul(HALF_FACTOR),
                    s0);
            s1 = x.fma(
                    ((IntVector) ShortVector.fromMemorySegment(SHORTS, MEMORY, w + SECOND, ORDER)
                                    .convertShape(VectorOperators.S2I, INTS, 0))
                            .lanewise(VectorOperators.LSHL, HALF_SHIFT)
                            .and(SIGN_AND_HALF)
                            .reinterpretAsFloats()
                            .mul(HALF_FACTOR),
                    s1);
            a += 4;
            w += ROW;
        }
        s0.intoMemorySegment(MEMORY, c, ORDER);
        s1.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    }
}
