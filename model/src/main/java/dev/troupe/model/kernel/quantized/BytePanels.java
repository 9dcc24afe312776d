package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.quantized.BlockLayout.FLOAT;
import static dev.troupe.model.kernel.quantized.BlockLayout.SHORT;
import static dev.troupe.model.kernel.quantized.BlockLayout.SMALL;
import static dev.troupe.model.kernel.vector.Lanes.BYTES;
import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;

import dev.troupe.model.kernel.cache.Processor;
import dev.troupe.model.kernel.machine.MachineCode;
import dev.troupe.model.kernel.vector.ByteTransposition;
import dev.troupe.model.kernel.vector.StoredLanes;
import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Q8_0: for each 32 inputs [{@link #COLUMNS}] float16 scales, then [32][{@link #COLUMNS}] signed bytes. */
final class BytePanels implements PanelFormat {
    static final BytePanels INSTANCE = new BytePanels(Processor.machine().placesInTurns());

    /** From a run's scales to its numbers. */
    static final long NUMBERS = COLUMNS * (long) Short.BYTES;

    /** Bytes of a run. */
    static final long RUN = NUMBERS + (long) SMALL * COLUMNS;

    private static final long SCALES = COLUMNS * (long) Float.BYTES; // of a run in the table

    /** Whether whole panels are laid out by machine code. */
    private static final boolean BY_CODE =
            MachineCode.unavailable(WrittenPanels.BYTES).isEmpty();

    private final int inTurns;

    /** @param inTurns panels that a single row goes through at once, run by run */
    BytePanels(int inTurns) {
        this.inTurns = inTurns;
    }

    @Override
    public long bytes(int k) {
        return k / SMALL * RUN;
    }

    @Override
    public void pack(int columns, int k, MemorySegment rows, MemorySegment panel) {
        long rowBytes = StorageType.Q8_0.bytes(k);
        if (columns == COLUMNS && BY_CODE) {
            BytePacking.pack(k, rows.address(), panel.address());
            return;
        }
        int squares = columns / ByteTransposition.SIZE * ByteTransposition.SIZE;
        for (int run = 0; run < k / SMALL; run++) {
            long blocks = rows.address() + (long) run * StorageType.Q8_0.blockBytes();
            long to = panel.address() + run * RUN;
            for (int c = 0; c < columns; c++) {
                MEMORY.set(SHORT, to + c * 2L, MEMORY.get(SHORT, blocks + c * rowBytes + BlockLayout.Q8_0_SCALE));
            }
            for (int c = 0; c < squares; c += ByteTransposition.SIZE) {
                packSquares(blocks + c * rowBytes + BlockLayout.Q8_0_NUMBERS, rowBytes, to + NUMBERS + c);
            }
            for (int c = squares; c < columns; c++) {
                packColumn(blocks + c * rowBytes + BlockLayout.Q8_0_NUMBERS, to + NUMBERS + c);
            }
        }
    }

    /** The numbers of a run of eight columns. */
    private static void packSquares(long from, long rowBytes, long to) {
        for (int i = 0; i < SMALL; i += ByteTransposition.SIZE) {
            ByteTransposition.turn(from + i, rowBytes, to + (long) i * COLUMNS, COLUMNS);
        }
    }

    private static void packColumn(long from, long to) {
        for (int i = 0; i < SMALL; i++) {
            MEMORY.set(ValueLayout.JAVA_BYTE, to + (long) i * COLUMNS, MEMORY.get(ValueLayout.JAVA_BYTE, from + i));
        }
    }

    @Override
    public void scales(int depth, long panel, long table) {
        for (int run = 0; run < depth / SMALL; run++) {
            for (int c = 0; c < COLUMNS; c += LANES) {
                StoredLanes.finiteF16(panel + run * RUN + c * 2L)
                        .intoMemorySegment(MEMORY, table + run * SCALES + c * 4L, ORDER);
            }
        }
    }

    @Override
    public void unpack(int depth, long panel, long table, int column, long to, long step) {
        long scale = table + column * 4L;
        for (int run = 0; run < depth / SMALL; run++) {
            FloatVector d0 = FloatVector.fromMemorySegment(SPECIES, MEMORY, scale, ORDER);
            FloatVector d1 = FloatVector.fromMemorySegment(SPECIES, MEMORY, scale + BYTES, ORDER);
            long from = panel + run * RUN + NUMBERS + column;
            for (int i = 0; i < SMALL; i++) {
                ((FloatVector) ByteVector.fromMemorySegment(StoredLanes.BYTES, MEMORY, from, ORDER)
                                .convertShape(VectorOperators.B2F, SPECIES, 0))
                        .mul(d0)
                        .intoMemorySegment(MEMORY, to, ORDER);
                ((FloatVector) ByteVector.fromMemorySegment(StoredLanes.BYTES, MEMORY, from + LANES, ORDER)
                                .convertShape(VectorOperators.B2F, SPECIES, 0))
                        .mul(d1)
                        .intoMemorySegment(MEMORY, to + BYTES, ORDER);
                from += COLUMNS;
                to += step;
            }
            scale += SCALES;
        }
    }

    @Override
    public int most() {
        return inTurns;
    }

    /** Run by run, one panel after the other. */
    @Override
    public void multiply(int panels, int depth, long a, long panel, long distance, long table, int column, long c) {
        FloatVector zero = FloatVector.zero(SPECIES);
        for (int p = 0; p < panels; p++) {
            zero.intoMemorySegment(MEMORY, c + p * SUMS, ORDER);
            zero.intoMemorySegment(MEMORY, c + p * SUMS + BYTES, ORDER);
        }
        for (int run = 0; run < depth / SMALL; run++) {
            for (int p = 0; p < panels; p++) {
                add(a + run * (SMALL * 4L), panel + p * distance + run * RUN, column, c + p * SUMS);
            }
        }
    }

    /** Adds a run to the sums. */
    private static void add(long a, long run, int column, long c) {
        FloatVector s0 = FloatVector.fromMemorySegment(SPECIES, MEMORY, c, ORDER);
        FloatVector s1 = FloatVector.fromMemorySegment(SPECIES, MEMORY, c + BYTES, ORDER);
        FloatVector d0 = StoredLanes.finiteF16(run + column * 2L);
        FloatVector d1 = StoredLanes.finiteF16(run + column * 2L + LANES * 2L);
        long w = run + NUMBERS + column;
        for (long end = a + SMALL * 4L; a != end; ) {
            FloatVector x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a));
            s0 = x.fma(
                    ((FloatVector) ByteVector.fromMemorySegment(StoredLanes.BYTES, MEMORY, w, ORDER)
                                    .convertShape(VectorOperators.B2F, SPECIES, 0))
                            .mul(d0),
                    s0);
            s1 = x.fma(
                    ((FloatVector) ByteVector.fromMemorySegment(StoredLanes.BYTES, MEMORY, w + LANES, ORDER)
                                    .convertShape(VectorOperators.B2F, SPECIES, 0))
                            .mul(d1),
                    s1);
            a += 4;
            w += COLUMNS;
        }
        s0.intoMemorySegment(MEMORY, c, ORDER);
        s1.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    }
}
