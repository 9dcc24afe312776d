package dev.troupe.model.kernel.int8;

import static dev.troupe.model.kernel.vector.Lanes.ADDRESS;
import static dev.troupe.model.kernel.vector.Lanes.BYTES;
import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;

import dev.troupe.model.kernel.vector.StoredLanes;
import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/** The passes after the sums. Scales are read when the numbers between them were: memory is read in one direction. */
enum FourBitScaling implements FourBitPass {
    /** Scales of Q4_0, into the table. */
    SMALL_SCALES {
        @Override
        public void run(int runs, int rows, long strip, long weights, long table, long sums, long totals) {
            for (int run = 0; run < runs; run++) {
                long head = weights + run * FourBitWeight.SMALL_RUN;
                store(StoredLanes.finiteF16(head & ADDRESS), table + run * ENTRY);
                store(StoredLanes.finiteF16((head + SECOND) & ADDRESS), table + run * ENTRY + BYTES);
            }
        }
    },
    /** Sums of Q4_0 times scales, added to the totals, which stay in registers. */
    SMALL {
        @Override
        public void run(int runs, int rows, long strip, long weights, long table, long sums, long totals) {
            long step = FourBitStrips.runBytes(rows);
            for (int r = 0; r < rows; r++) {
                long starts = strip + FourBitStrips.starts(rows) + r * 4L;
                long at = totals + r * TOTALS_ROW;
                FloatVector first = load(at);
                FloatVector second = load(at + BYTES);
                for (int run = 0; run < runs; run++) {
                    IntVector s = sums(sums + ((long) run * rows + r) * SUMS_ROW, starts + run * step);
                    FloatVector t = broadcast(starts + run * step + rows * 4L);
                    first = first(s).mul(t).fma(load(table + run * ENTRY), first);
                    second = second(s).mul(t).fma(load(table + run * ENTRY + BYTES), second);
                }
                store(first, at);
                store(second, at + BYTES);
            }
        }
    },
    /** Scales and shifts of Q4_K, into the table; the runs are a block's. */
    LARGE_SCALES {
        @Override
        public void run(int runs, int rows, long strip, long weights, long table, long sums, long totals) {
            for (int part = 0; part < 2; part++) {
                long block = (weights + part * SECOND) & ADDRESS;
                FloatVector d = StoredLanes.finiteF16(block);
                FloatVector min = StoredLanes.finiteF16(block + FourBitWeight.HALVES);
                long head = weights + 2 * FourBitWeight.HALVES + (long) part * LANES;
                for (int run = 0; run < RUNS; run++) {
                    long at = (head + run * FourBitWeight.LARGE_RUN) & ADDRESS;
                    FloatVector scale = StoredLanes.bytes(at).mul(d);
                    FloatVector shift = scale.mul((float) FourBitWeight.ZERO)
                            .sub(StoredLanes.bytes(at + FourBitWeight.COLUMNS).mul(min));
                    store(scale, table + run * ENTRY + part * BYTES);
                    store(shift, table + run * ENTRY + (2 + part) * BYTES);
                }
            }
        }
    },
    /**
     * Sums of Q4_K times scales, and sums of activations times shifts, added to the totals, which stay in registers.
     */
    LARGE {
        @Override
        public void run(int runs, int rows, long strip, long weights, long table, long sums, long totals) {
            long step = FourBitStrips.runBytes(rows);
            for (int r = 0; r < rows; r++) {
                long starts = strip + FourBitStrips.starts(rows) + r * 4L;
                long at = totals + r * TOTALS_ROW;
                FloatVector first = load(at);
                FloatVector second = load(at + BYTES);
                for (int run = 0; run < runs; run++) {
                    IntVector s = sums(sums + ((long) run * rows + r) * SUMS_ROW, starts + run * step);
                    FloatVector t = broadcast(starts + run * step + rows * 4L);
                    FloatVector x = broadcast(starts + run * step + 8L * rows);
                    long entry = table + run * ENTRY;
                    first = x.fma(load(entry + 2 * BYTES), first(s).mul(t).fma(load(entry), first));
                    second = x.fma(load(entry + 3 * BYTES), second(s).mul(t).fma(load(entry + BYTES), second));
                }
                store(first, at);
                store(second, at + BYTES);
            }
        }
    };

    /** Bytes of a run in the table. */
    static final long ENTRY = TABLE_VECTORS * BYTES;

    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final long SUMS_ROW = FourBitWeight.COLUMNS * 2L;
    private static final long TOTALS_ROW = FourBitWeight.COLUMNS * 4L;
    private static final long SECOND = LANES * 2L; // from a pair's first float16 to its second

    static FourBitScaling scales(StorageType type) {
        return type == StorageType.Q4_0 ? SMALL_SCALES : LARGE_SCALES;
    }

    static FourBitScaling of(StorageType type) {
        return type == StorageType.Q4_0 ? SMALL : LARGE;
    }

    /** Sums of the first half of the columns: the lower halves of the ints. */
    private static FloatVector first(IntVector sums) {
        return floats(sums.lanewise(VectorOperators.LSHL, Short.SIZE));
    }

    private static FloatVector second(IntVector sums) {
        return floats(sums);
    }

    private static FloatVector floats(IntVector upperHalves) {
        return (FloatVector)
                upperHalves.lanewise(VectorOperators.ASHR, Short.SIZE).convertShape(VectorOperators.I2F, SPECIES, 0);
    }

    private static FloatVector load(long at) {
        return FloatVector.fromMemorySegment(SPECIES, MEMORY, at & ADDRESS, ORDER);
    }

    private static void store(FloatVector vector, long at) {
        vector.intoMemorySegment(MEMORY, at & ADDRESS, ORDER);
    }

    private static FloatVector broadcast(long at) {
        return FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, at & ADDRESS));
    }

    /** Sums of (q - 8) · x: {@code start} is -8 · Σ x. */
    private static IntVector sums(long at, long start) {
        return ShortVector.fromMemorySegment(ShortVector.SPECIES_PREFERRED, MEMORY, at & ADDRESS, ORDER)
                .add(MEMORY.get(SHORT, start & ADDRESS))
                .reinterpretAsInts();
    }
}
