package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.quantized.BlockLayout.FLOAT;
import static dev.troupe.model.kernel.vector.Lanes.BYTES;
import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** Float32: [k][{@link #COLUMNS}], without scales. */
final class FloatPanels implements PanelFormat {
    static final FloatPanels INSTANCE = new FloatPanels();

    private static final int SIZE = Float.BYTES;
    private static final long ROW = (long) COLUMNS * SIZE;
    private static final int SECOND = LANES * SIZE; // from a pair's first vector to its second

    private FloatPanels() {}

    @Override
    public long bytes(int k) {
        return k * ROW;
    }

    @Override
    public void pack(int columns, int k, MemorySegment rows, MemorySegment panel) {
        for (int c = 0; c < columns; c++) {
            for (int p = 0; p < k; p++) {
                panel.set(FLOAT, p * ROW + c * (long) SIZE, rows.get(FLOAT, ((long) c * k + p) * SIZE));
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
            FloatVector.fromMemorySegment(SPECIES, MEMORY, from, ORDER).intoMemorySegment(MEMORY, to, ORDER);
            FloatVector.fromMemorySegment(SPECIES, MEMORY, from + SECOND, ORDER)
                    .intoMemorySegment(MEMORY, to + BYTES, ORDER);
            from += ROW;
            to += step;
        }
    }

    @Override
    public void multiply(int panels, int depth, long a, long panel, long distance, long table, int column, long c) {
        long w = panel + (long) column * SIZE;
        FloatVector s0 = FloatVector.zero(SPECIES);
        FloatVector s1 = FloatVector.zero(SPECIES);
        for (long end = a + depth * 4L; a != end; ) {
            FloatVector x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a));
            s0 = x.fma(FloatVector.fromMemorySegment(SPECIES, MEMORY, w, ORDER), s0);
            s1 = x.fma(FloatVector.fromMemorySegment(SPECIES, MEMORY, w + SECOND, ORDER), s1);
            a += 4;
            w += ROW;
        }
        s0.intoMemorySegment(MEMORY, c, ORDER);
        s1.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    }
}
