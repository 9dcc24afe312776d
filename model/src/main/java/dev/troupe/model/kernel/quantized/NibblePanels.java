package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.quantized.BlockLayout.FLOAT;
import static dev.troupe.model.kernel.quantized.BlockLayout.SHORT;
import static dev.troupe.model.kernel.quantized.BlockLayout.SMALL;
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
 * Q4_0 and Q4_K: x = scale · q + offset, with a scale and an offset for each 32 inputs. The numbers of 32 inputs are
 * [4][{@link #COLUMNS}] ints of eight each, the first in the lowest bits. Before them
 *
 * <ul>
 *   <li>Q4_0 has [{@link #COLUMNS}] float16 scales; the offset is -8 of them;
 *   <li>Q4_K has [{@link #COLUMNS}] bytes of scales and as many of minima, and before each 256 inputs their float16
 *       scales, first of the scales, then of the minima. (Bytes where a file has six bits: 3 % more to read.)
 * </ul>
 *
 * A number becomes a float by way of its bits: those of 2^23 + q are q's below an exponent, and subtracting 2^23 is
 * exact.
 */
final class NibblePanels implements PanelFormat {
    static final NibblePanels Q4_0 = new NibblePanels(StorageType.Q4_0, COLUMNS * Short.BYTES, 0);
    static final NibblePanels Q4_K = new NibblePanels(StorageType.Q4_K, 2 * COLUMNS, 2 * COLUMNS * Short.BYTES);

    private static final int PER_INT = 8;
    private static final long ROW = COLUMNS * (long) Integer.BYTES;
    private static final long NUMBERS = SMALL / PER_INT * ROW; // bytes of a run's numbers
    private static final long ENTRY = 2L * COLUMNS * Float.BYTES; // scales and offsets of a run in the table
    private static final long OFFSETS = COLUMNS * (long) Float.BYTES;
    private static final int MASK = 15;
    private static final int EXPONENT = 0x4B000000;
    private static final float EXPONENT_VALUE = 0x1p23f;

    private final StorageType type;
    private final int runHead;
    private final int blockHead;
    private final long run;
    private final long block;

    private NibblePanels(StorageType type, int runHead, int blockHead) {
        this.type = type;
        this.runHead = runHead;
        this.blockHead = blockHead;
        this.run = runHead + NUMBERS;
        this.block = blockHead + type.blockElements() / SMALL * run;
    }

    @Override
    public long bytes(int k) {
        return k / type.blockElements() * block;
    }

    @Override
    public void pack(int columns, int k, MemorySegment rows, MemorySegment panel) {
        for (int c = 0; c < columns; c++) {
            for (int b = 0; b < k / type.blockElements(); b++) {
                packBlock(rows, c * type.bytes(k) + (long) b * type.blockBytes(), c, panel, b * block);
            }
        }
    }

    private void packBlock(MemorySegment rows, long from, int c, MemorySegment panel, long to) {
        if (type == StorageType.Q4_0) {
            panel.set(SHORT, to + c * 2L, rows.get(SHORT, from + BlockLayout.Q4_0_SCALE));
        } else {
            panel.set(SHORT, to + c * 2L, rows.get(SHORT, from + BlockLayout.Q4_K_SCALE));
            panel.set(SHORT, to + (COLUMNS + c) * 2L, rows.get(SHORT, from + BlockLayout.Q4_K_MIN_SCALE));
        }
        for (int j = 0; j < type.blockElements() / SMALL; j++) {
            long start = to + blockHead + j * run;
            if (type == StorageType.Q4_K) {
                panel.set(ValueLayout.JAVA_BYTE, start + c, (byte) BlockLayout.scaleOfQ4K(rows, from, j));
                panel.set(ValueLayout.JAVA_BYTE, start + COLUMNS + c, (byte) BlockLayout.minOfQ4K(rows, from, j));
            }
            for (int i = 0; i < SMALL / PER_INT; i++) {
                int packed = 0;
                for (int q = 0; q < PER_INT; q++) {
                    packed |= number(rows, from, j * SMALL + i * PER_INT + q) << (4 * q);
                }
                panel.set(ValueLayout.JAVA_INT_UNALIGNED, start + runHead + i * ROW + c * 4L, packed);
            }
        }
    }

    private int number(MemorySegment rows, long from, int i) {
        return type == StorageType.Q4_0
                ? BlockLayout.numberOfQ4(rows, from, i)
                : BlockLayout.numberOfQ4K(rows, from, i);
    }

    @Override
    public void scales(int depth, long panel, long table) {
        if (type == StorageType.Q4_0) {
            smallScales(depth, panel, table);
        } else {
            largeScales(depth, panel, table);
        }
    }

    private void smallScales(int depth, long panel, long table) {
        for (int j = 0; j < depth / SMALL; j++) {
            for (int c = 0; c < COLUMNS; c += LANES) {
                FloatVector d = ((IntVector)
                                ShortVector.fromMemorySegment(SHORTS, MEMORY, panel + j * run + c * 2L, ORDER)
                                        .convertShape(VectorOperators.S2I, INTS, 0))
                        .lanewise(VectorOperators.LSHL, HALF_SHIFT)
                        .and(SIGN_AND_HALF)
                        .reinterpretAsFloats()
                        .mul(HALF_FACTOR);
                d.intoMemorySegment(MEMORY, table + j * ENTRY + c * 4L, ORDER);
                d.mul(-BlockLayout.Q4_0_ZERO).intoMemorySegment(MEMORY, table + j * ENTRY + OFFSETS + c * 4L, ORDER);
            }
        }
    }

    /** The depth is one block. */
    private void largeScales(int depth, long panel, long table) {
        for (int c = 0; c < COLUMNS; c += LANES) {
            FloatVector d = ((IntVector) ShortVector.fromMemorySegment(SHORTS, MEMORY, panel + c * 2L, ORDER)
                            .convertShape(VectorOperators.S2I, INTS, 0))
                    .lanewise(VectorOperators.LSHL, HALF_SHIFT)
                    .and(SIGN_AND_HALF)
                    .reinterpretAsFloats()
                    .mul(HALF_FACTOR);
            FloatVector min = ((IntVector)
                            ShortVector.fromMemorySegment(SHORTS, MEMORY, panel + (COLUMNS + c) * 2L, ORDER)
                                    .convertShape(VectorOperators.S2I, INTS, 0))
                    .lanewise(VectorOperators.LSHL, HALF_SHIFT)
                    .and(SIGN_AND_HALF)
                    .reinterpretAsFloats()
                    .mul(HALF_FACTOR)
                    .neg();
            for (int j = 0; j < depth / SMALL; j++) {
                long from = panel + blockHead + j * run + c;
                ((FloatVector) ByteVector.fromMemorySegment(StoredLanes.BYTES, MEMORY, from, ORDER)
                                .convertShape(VectorOperators.B2F, SPECIES, 0))
                        .mul(d)
                        .intoMemorySegment(MEMORY, table + j * ENTRY + c * 4L, ORDER);
                ((FloatVector) ByteVector.fromMemorySegment(StoredLanes.BYTES, MEMORY, from + COLUMNS, ORDER)
                                .convertShape(VectorOperators.B2F, SPECIES, 0))
                        .mul(min)
                        .intoMemorySegment(MEMORY, table + j * ENTRY + OFFSETS + c * 4L, ORDER);
            }
        }
    }

    @Override
    public void unpack(int depth, long panel, long table, int column, long to, long step) {
        long from = panel + blockHead + runHead + column * 4L;
        for (int j = 0; j < depth / SMALL; j++) {
            unpackRun(from + j * run, table + j * ENTRY + column * 4L, to + (long) j * SMALL * step, step);
        }
    }

    private static void unpackRun(long from, long table, long to, long step) {
        FloatVector d0 = FloatVector.fromMemorySegment(SPECIES, MEMORY, table, ORDER);
        FloatVector d1 = FloatVector.fromMemorySegment(SPECIES, MEMORY, table + BYTES, ORDER);
        FloatVector e0 = FloatVector.fromMemorySegment(SPECIES, MEMORY, table + OFFSETS, ORDER);
        FloatVector e1 = FloatVector.fromMemorySegment(SPECIES, MEMORY, table + OFFSETS + BYTES, ORDER);
        for (int i = 0; i < SMALL / PER_INT; i++) {
            IntVector q0 = IntVector.fromMemorySegment(INTS, MEMORY, from, ORDER);
            IntVector q1 = IntVector.fromMemorySegment(INTS, MEMORY, from + BYTES, ORDER);
            for (int q = 0; q < PER_INT; q++) {
                q0.and(MASK)
                        .or(EXPONENT)
                        .reinterpretAsFloats()
                        .sub(EXPONENT_VALUE)
                        .fma(d0, e0)
                        .intoMemorySegment(MEMORY, to, ORDER);
                q1.and(MASK)
                        .or(EXPONENT)
                        .reinterpretAsFloats()
                        .sub(EXPONENT_VALUE)
                        .fma(d1, e1)
                        .intoMemorySegment(MEMORY, to + BYTES, ORDER);
                q0 = q0.lanewise(VectorOperators.LSHR, 4);
                q1 = q1.lanewise(VectorOperators.LSHR, 4);
                to += step;
            }
            from += ROW;
        }
    }

    @Override
    public void multiply(
            int depth, long a, long panel0, long panel1, long table0, long table1, int column, long c0, long c1) {
        multiply(
                depth / SMALL,
                a,
                panel0 + blockHead + runHead + column * 4L,
                panel1 + blockHead + runHead + column * 4L,
                runHead,
                table0 + column * 4L,
                table1 + column * 4L,
                c0,
                c1);
    }

    private static void multiply(
            int runs, long a, long w0, long w1, long head, long scale0, long scale1, long c0, long c1) {
        FloatVector s00 = FloatVector.fromMemorySegment(SPECIES, MEMORY, c0, ORDER);
        FloatVector s01 = FloatVector.fromMemorySegment(SPECIES, MEMORY, c0 + BYTES, ORDER);
        FloatVector s10 = FloatVector.fromMemorySegment(SPECIES, MEMORY, c1, ORDER);
        FloatVector s11 = FloatVector.fromMemorySegment(SPECIES, MEMORY, c1 + BYTES, ORDER);
        for (int j = 0; j < runs; j++) {
            FloatVector d00 = FloatVector.fromMemorySegment(SPECIES, MEMORY, scale0, ORDER);
            FloatVector d01 = FloatVector.fromMemorySegment(SPECIES, MEMORY, scale0 + BYTES, ORDER);
            FloatVector d10 = FloatVector.fromMemorySegment(SPECIES, MEMORY, scale1, ORDER);
            FloatVector d11 = FloatVector.fromMemorySegment(SPECIES, MEMORY, scale1 + BYTES, ORDER);
            FloatVector e00 = FloatVector.fromMemorySegment(SPECIES, MEMORY, scale0 + OFFSETS, ORDER);
            FloatVector e01 = FloatVector.fromMemorySegment(SPECIES, MEMORY, scale0 + OFFSETS + BYTES, ORDER);
            FloatVector e10 = FloatVector.fromMemorySegment(SPECIES, MEMORY, scale1 + OFFSETS, ORDER);
            FloatVector e11 = FloatVector.fromMemorySegment(SPECIES, MEMORY, scale1 + OFFSETS + BYTES, ORDER);
            for (int i = 0; i < SMALL / PER_INT; i++) {
                IntVector q00 = IntVector.fromMemorySegment(INTS, MEMORY, w0, ORDER);
                IntVector q01 = IntVector.fromMemorySegment(INTS, MEMORY, w0 + BYTES, ORDER);
                IntVector q10 = IntVector.fromMemorySegment(INTS, MEMORY, w1, ORDER);
                IntVector q11 = IntVector.fromMemorySegment(INTS, MEMORY, w1 + BYTES, ORDER);
                for (int q = 0; q < PER_INT; q++) {
                    FloatVector x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a));
                    s00 = x.fma(
                            q00.and(MASK)
                                    .or(EXPONENT)
                                    .reinterpretAsFloats()
                                    .sub(EXPONENT_VALUE)
                                    .fma(d00, e00),
                            s00);
                    s01 = x.fma(
                            q01.and(MASK)
                                    .or(EXPONENT)
                                    .reinterpretAsFloats()
                                    .sub(EXPONENT_VALUE)
                                    .fma(d01, e01),
                            s01);
                    s10 = x.fma(
                            q10.and(MASK)
                                    .or(EXPONENT)
                                    .reinterpretAsFloats()
                                    .sub(EXPONENT_VALUE)
                                    .fma(d10, e10),
                            s10);
                    s11 = x.fma(
                            q11.and(MASK)
                                    .or(EXPONENT)
                                    .reinterpretAsFloats()
                                    .sub(EXPONENT_VALUE)
                                    .fma(d11, e11),
                            s11);
                    q00 = q00.lanewise(VectorOperators.LSHR, 4);
                    q01 = q01.lanewise(VectorOperators.LSHR, 4);
                    q10 = q10.lanewise(VectorOperators.LSHR, 4);
                    q11 = q11.lanewise(VectorOperators.LSHR, 4);
                    a += 4;
                }
                w0 += ROW;
                w1 += ROW;
            }
            w0 += head;
            w1 += head;
            scale0 += ENTRY;
            scale1 += ENTRY;
        }
        s00.intoMemorySegment(MEMORY, c0, ORDER);
        s01.intoMemorySegment(MEMORY, c0 + BYTES, ORDER);
        s10.intoMemorySegment(MEMORY, c1, ORDER);
        s11.intoMemorySegment(MEMORY, c1 + BYTES, ORDER);
    }
}
