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
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** The passes after the sums. Scales are read when the numbers between them were: memory is read in one direction. */
enum FourBitScaling implements FourBitPass {
    /** Scales of Q4_0, into the table. */
    SMALL_SCALES {
        @Override
        public void run(int runs, int rows, long strip, long weights, long table, long sums, long totals) {
            for (int run = 0; run < runs; run++) {
                long head = weights + run * BlockWeight.SMALL_RUN;
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
                long own = totals + r * TOTALS_ROW;
                FloatVector first = load(own);
                FloatVector second = load(own + BYTES);
                for (int run = 0; run < runs; run++) {
                    long s = sums + ((long) run * rows + r) * BlockWeight.ROW;
                    long at = starts + run * step;
                    IntVector start = start(at);
                    FloatVector t = broadcast(at + rows * 4L);
                    first = sums(s, start).mul(t).fma(load(table + run * ENTRY), first);
                    second = sums(s + BYTES, start).mul(t).fma(load(table + run * ENTRY + BYTES), second);
                }
                store(first, own);
                store(second, own + BYTES);
            }
        }
    },
    /** Sums of the only row of Q4_0 times scales, added to the totals: the two passes above in one. */
    SMALL_ROW {
        @Override
        public void run(int runs, int rows, long strip, long weights, long table, long sums, long totals) {
            long step = FourBitStrips.runBytes(1);
            long scales = strip + FourBitStrips.scales(1);
            FloatVector first = load(totals);
            FloatVector second = load(totals + BYTES);
            for (int run = 0; run < runs; run++) {
                long head = weights + run * BlockWeight.SMALL_RUN;
                long s = sums + run * BlockWeight.ROW;
                FloatVector t = broadcast(scales + run * step);
                first = sums(s).mul(t).fma(StoredLanes.finiteF16(head & ADDRESS), first);
                second = sums(s + BYTES).mul(t).fma(StoredLanes.finiteF16((head + SECOND) & ADDRESS), second);
            }
            store(first, totals);
            store(second, totals + BYTES);
        }
    },
    /** Scales and shifts of Q4_K, into the table; the runs are a block's. */
    LARGE_SCALES {
        @Override
        public void run(int runs, int rows, long strip, long weights, long table, long sums, long totals) {
            for (int part = 0; part < 2; part++) {
                long block = (weights + part * SECOND) & ADDRESS;
                FloatVector d = StoredLanes.finiteF16(block);
                FloatVector min = StoredLanes.finiteF16(block + BlockWeight.HALVES);
                long head = weights + 2 * BlockWeight.HALVES + (long) part * LANES;
                for (int run = 0; run < RUNS; run++) {
                    long at = (head + run * BlockWeight.LARGE_RUN) & ADDRESS;
                    FloatVector scale = StoredLanes.bytes(at).mul(d);
                    FloatVector shift = shift(scale, StoredLanes.bytes(at + BlockWeight.COLUMNS), min);
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
                long own = totals + r * TOTALS_ROW;
                FloatVector first = load(own);
                FloatVector second = load(own + BYTES);
                for (int run = 0; run < runs; run++) {
                    long s = sums + ((long) run * rows + r) * BlockWeight.ROW;
                    long at = starts + run * step;
                    IntVector start = start(at);
                    FloatVector t = broadcast(at + rows * 4L);
                    FloatVector x = broadcast(at + rows * 8L);
                    long entry = table + run * ENTRY;
                    first = x.fma(load(entry + 2 * BYTES), sums(s, start).mul(t).fma(load(entry), first));
                    second = x.fma(
                            load(entry + 3 * BYTES),
                            sums(s + BYTES, start).mul(t).fma(load(entry + BYTES), second));
                }
                store(first, own);
                store(second, own + BYTES);
            }
        }
    },
    /**
     * Sums of the only row of Q4_K times scales, and sums of activations times shifts, added to the totals: the two
     * passes above in one.
     */
    LARGE_ROW {
        @Override
        public void run(int runs, int rows, long strip, long weights, long table, long sums, long totals) {
            long step = FourBitStrips.runBytes(1);
            long scales = strip + FourBitStrips.scales(1);
            for (int part = 0; part < 2; part++) {
                long block = (weights + part * SECOND) & ADDRESS;
                FloatVector d = StoredLanes.finiteF16(block);
                FloatVector min = StoredLanes.finiteF16(block + BlockWeight.HALVES);
                long head = weights + 2 * BlockWeight.HALVES + (long) part * LANES;
                long own = totals + part * BYTES;
                FloatVector total = load(own);
                for (int run = 0; run < runs; run++) {
                    long at = (head + run * BlockWeight.LARGE_RUN) & ADDRESS;
                    FloatVector scale = StoredLanes.bytes(at).mul(d);
                    FloatVector shift = shift(scale, StoredLanes.bytes(at + BlockWeight.COLUMNS), min);
                    FloatVector t = broadcast(scales + run * step);
                    FloatVector x = broadcast(scales + run * step + 4);
                    long s = sums + run * BlockWeight.ROW + part * BYTES;
                    total = x.fma(shift, sums(s).mul(t).fma(scale, total));
                }
                store(total, own);
            }
        }
    };

    /** Bytes of a run in the table. */
    static final long ENTRY = TABLE_VECTORS * BYTES;

    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final long TOTALS_ROW = BlockWeight.COLUMNS * 4L;
    private static final long SECOND = LANES * 2L; // from a pair's first float16 to its second

    static FourBitScaling scales(StorageType type) {
        return type == StorageType.Q4_0 ? SMALL_SCALES : LARGE_SCALES;
    }

    /** The last pass over a strip of so many rows; that over one row needs no pass of {@link #scales}. */
    static FourBitScaling of(StorageType type, int rows) {
        if (rows == 1) {
            return type == StorageType.Q4_0 ? SMALL_ROW : LARGE_ROW;
        }
        return type == StorageType.Q4_0 ? SMALL : LARGE;
    }

    /** What both lanes of each int have together, modulo 2^16. */
    private static FloatVector sums(long at) {
        return sums(IntVector.fromMemorySegment(INTS, MEMORY, at & ADDRESS, ORDER));
    }

    private static FloatVector sums(long at, IntVector start) {
        return sums(
                IntVector.fromMemorySegment(INTS, MEMORY, at & ADDRESS, ORDER).add(start));
    }

    private static FloatVector sums(IntVector lanes) {
        return (FloatVector) lanes.lanewise(VectorOperators.LSHL, Short.SIZE)
                .add(lanes)
                .lanewise(VectorOperators.ASHR, Short.SIZE)
                .convertShape(VectorOperators.I2F, SPECIES, 0);
    }

    /** In the upper lanes. */
    private static IntVector start(long at) {
        return IntVector.broadcast(INTS, MEMORY.get(INT, at & ADDRESS));
    }

    private static FloatVector shift(FloatVector scale, FloatVector minimum, FloatVector scaleOfMinima) {
        return scale.mul((float) BlockWeight.ZERO).sub(minimum.mul(scaleOfMinima));
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
}
