package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.quantized.BlockLayout.FLOAT;
import static dev.troupe.model.kernel.quantized.BlockLayout.LARGE;
import static dev.troupe.model.kernel.quantized.BlockLayout.Q6_K_GROUP;
import static dev.troupe.model.kernel.quantized.BlockLayout.SHORT;
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

import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.kernel.vector.StoredLanes;
import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Q6_K: for each 256 inputs [{@link #COLUMNS}] float16 scales of scales, then for each 16 of them [{@link #COLUMNS}]
 * signed bytes of scales, [{@link #COLUMNS}] ints of the two upper bits of sixteen inputs and twice [{@link #COLUMNS}]
 * ints of the four lower bits of eight, the first input always in the lowest.
 */
final class SixBitPanels implements PanelFormat {
    static final SixBitPanels INSTANCE = new SixBitPanels();

    private static final int PER_INT = 8;
    private static final int HALVES = Q6_K_GROUP / PER_INT;
    private static final long ROW = COLUMNS * (long) Integer.BYTES;
    private static final long HEAD = COLUMNS * (long) Short.BYTES;
    private static final long RUN = COLUMNS + ROW + HALVES * ROW;
    private static final long BLOCK = HEAD + LARGE / Q6_K_GROUP * RUN;
    private static final long SCALES = COLUMNS * (long) Float.BYTES; // of a run in the table
    private static final int LOW = 15;
    private static final int HIGH = 0x30;
    /** Shifts that bring the first pair of upper bits of each half to bits 4 and 5. */
    private static final int FIRST_HALF = 4;

    private static final int SECOND_HALF = 2 * PER_INT - 4;
    private static final int EXPONENT = 0x4B000000;
    private static final float EXPONENT_AND_ZERO = 0x1p23f + BlockLayout.Q6_K_ZERO;

    private SixBitPanels() {}

    @Override
    public long bytes(int k) {
        return k / LARGE * BLOCK;
    }

    @Override
    public void pack(int columns, int k, MemorySegment rows, MemorySegment panel) {
        StorageType type = StorageType.Q6_K;
        for (int c = 0; c < columns; c++) {
            for (int b = 0; b < k / LARGE; b++) {
                packBlock(rows, c * type.bytes(k) + (long) b * type.blockBytes(), c, panel, b * BLOCK);
            }
        }
    }

    private static void packBlock(MemorySegment rows, long from, int c, MemorySegment panel, long to) {
        panel.set(SHORT, to + c * 2L, rows.get(SHORT, from + BlockLayout.Q6_K_SCALE));
        for (int j = 0; j < LARGE / Q6_K_GROUP; j++) {
            long run = to + HEAD + j * RUN;
            byte scale = rows.get(ValueLayout.JAVA_BYTE, from + BlockLayout.Q6_K_SCALES + j);
            panel.set(ValueLayout.JAVA_BYTE, run + c, scale);
            int high = 0;
            for (int i = 0; i < Q6_K_GROUP; i++) {
                high |= number(rows, from, j, i) >> 4 << (2 * i);
            }
            panel.set(ValueLayout.JAVA_INT_UNALIGNED, run + COLUMNS + c * 4L, high);
            for (int h = 0; h < HALVES; h++) {
                int low = 0;
                for (int i = 0; i < PER_INT; i++) {
                    low |= (number(rows, from, j, h * PER_INT + i) & LOW) << (4 * i);
                }
                panel.set(ValueLayout.JAVA_INT_UNALIGNED, run + COLUMNS + (1 + h) * ROW + c * 4L, low);
            }
        }
    }

    private static int number(MemorySegment rows, long block, int group, int i) {
        return BlockLayout.numberOfQ6K(rows, block, group * Q6_K_GROUP + i);
    }

    /** The depth is one block. */
    @Override
    public void scales(int depth, long panel, long table) {
        for (int c = 0; c < COLUMNS; c += LANES) {
            FloatVector d = ((IntVector) ShortVector.fromMemorySegment(SHORTS, MEMORY, panel + c * 2L, ORDER)
                            .convertShape(VectorOperators.S2I, INTS, 0))
                    .lanewise(VectorOperators.LSHL, HALF_SHIFT)
                    .and(SIGN_AND_HALF)
                    .reinterpretAsFloats()
                    .mul(HALF_FACTOR);
            for (int j = 0; j < depth / Q6_K_GROUP; j++) {
                ((FloatVector) ByteVector.fromMemorySegment(
                                        StoredLanes.BYTES, MEMORY, panel + HEAD + j * RUN + c, ORDER)
                                .convertShape(VectorOperators.B2F, SPECIES, 0))
                        .mul(d)
                        .intoMemorySegment(MEMORY, table + j * SCALES + c * 4L, ORDER);
            }
        }
    }

    @Override
    public void unpack(int depth, long panel, long table, int column, long to, long step) {
        long run = panel + HEAD + COLUMNS + column * 4L;
        for (int j = 0; j < depth / Q6_K_GROUP; j++) {
            FloatVector d0 = FloatVector.fromMemorySegment(SPECIES, MEMORY, table + j * SCALES + column * 4L, ORDER);
            FloatVector d1 =
                    FloatVector.fromMemorySegment(SPECIES, MEMORY, table + j * SCALES + column * 4L + BYTES, ORDER);
            IntVector upper0 = IntVector.fromMemorySegment(INTS, MEMORY, run, ORDER);
            IntVector upper1 = IntVector.fromMemorySegment(INTS, MEMORY, run + BYTES, ORDER);
            IntVector high0 = upper0.lanewise(VectorOperators.LSHL, FIRST_HALF);
            IntVector high1 = upper1.lanewise(VectorOperators.LSHL, FIRST_HALF);
            for (int h = 1; h <= HALVES; h++) {
                IntVector low0 = IntVector.fromMemorySegment(INTS, MEMORY, run + h * ROW, ORDER);
                IntVector low1 = IntVector.fromMemorySegment(INTS, MEMORY, run + h * ROW + BYTES, ORDER);
                for (int i = 0; i < PER_INT; i++) {
                    low0.and(LOW)
                            .or(high0.and(HIGH))
                            .or(EXPONENT)
                            .reinterpretAsFloats()
                            .sub(EXPONENT_AND_ZERO)
                            .mul(d0)
                            .intoMemorySegment(MEMORY, to, ORDER);
                    low1.and(LOW)
                            .or(high1.and(HIGH))
                            .or(EXPONENT)
                            .reinterpretAsFloats()
                            .sub(EXPONENT_AND_ZERO)
                            .mul(d1)
                            .intoMemorySegment(MEMORY, to + BYTES, ORDER);
                    low0 = low0.lanewise(VectorOperators.LSHR, 4);
                    low1 = low1.lanewise(VectorOperators.LSHR, 4);
                    high0 = high0.lanewise(VectorOperators.LSHR, 2);
                    high1 = high1.lanewise(VectorOperators.LSHR, 2);
                    to += step;
                }
                high0 = upper0.lanewise(VectorOperators.LSHR, SECOND_HALF);
                high1 = upper1.lanewise(VectorOperators.LSHR, SECOND_HALF);
            }
            run += RUN;
        }
    }

    @Override
    public void multiply(int panels, int depth, long a, long panel, long distance, long table, int column, long c) {
        Lanes.store(Lanes.zero(), c);
        Lanes.store(Lanes.zero(), c + BYTES);
        for (int from = 0; from < depth; from += LARGE) {
            long block = panel + from / LARGE * BLOCK;
            scales(LARGE, block, table);
            multiply(LARGE / Q6_K_GROUP, a + from * 4L, block + HEAD + COLUMNS + column * 4L, table + column * 4L, c);
        }
    }

    /** Continues the chains of one block. */
    private static void multiply(int groups, long a, long w, long scale, long c) {
        FloatVector s0 = FloatVector.fromMemorySegment(SPECIES, MEMORY, c, ORDER);
        FloatVector s1 = FloatVector.fromMemorySegment(SPECIES, MEMORY, c + BYTES, ORDER);
        for (int j = 0; j < groups; j++) {
            FloatVector d0 = FloatVector.fromMemorySegment(SPECIES, MEMORY, scale, ORDER);
            FloatVector d1 = FloatVector.fromMemorySegment(SPECIES, MEMORY, scale + BYTES, ORDER);
            IntVector upper0 = IntVector.fromMemorySegment(INTS, MEMORY, w, ORDER);
            IntVector upper1 = IntVector.fromMemorySegment(INTS, MEMORY, w + BYTES, ORDER);
            IntVector high0 = upper0.lanewise(VectorOperators.LSHL, FIRST_HALF);
            IntVector high1 = upper1.lanewise(VectorOperators.LSHL, FIRST_HALF);
            for (int h = 1; h <= HALVES; h++) {
                IntVector low0 = IntVector.fromMemorySegment(INTS, MEMORY, w + h * ROW, ORDER);
                IntVector low1 = IntVector.fromMemorySegment(INTS, MEMORY, w + h * ROW + BYTES, ORDER);
                for (int i = 0; i < PER_INT; i++) {
                    FloatVector x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a));
                    s0 = x.fma(
                            low0.and(LOW)
                                    .or(high0.and(HIGH))
                                    .or(EXPONENT)
                                    .reinterpretAsFloats()
                                    .sub(EXPONENT_AND_ZERO)
                                    .mul(d0),
                            s0);
                    s1 = x.fma(
                            low1.and(LOW)
                                    .or(high1.and(HIGH))
                                    .or(EXPONENT)
                                    .reinterpretAsFloats()
                                    .sub(EXPONENT_AND_ZERO)
                                    .mul(d1),
                            s1);
                    low0 = low0.lanewise(VectorOperators.LSHR, 4);
                    low1 = low1.lanewise(VectorOperators.LSHR, 4);
                    high0 = high0.lanewise(VectorOperators.LSHR, 2);
                    high1 = high1.lanewise(VectorOperators.LSHR, 2);
                    a += 4;
                }
                high0 = upper0.lanewise(VectorOperators.LSHR, SECOND_HALF);
                high1 = upper1.lanewise(VectorOperators.LSHR, SECOND_HALF);
            }
            w += RUN;
            scale += SCALES;
        }
        s0.intoMemorySegment(MEMORY, c, ORDER);
        s1.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    }
}
