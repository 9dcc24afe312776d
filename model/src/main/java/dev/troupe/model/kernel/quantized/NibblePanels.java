package dev.troupe.model.kernel.quantized;

import static dev.troupe.model.kernel.quantized.BlockLayout.FLOAT;
import static dev.troupe.model.kernel.quantized.BlockLayout.LARGE;
import static dev.troupe.model.kernel.quantized.BlockLayout.SHORT;
import static dev.troupe.model.kernel.quantized.BlockLayout.SMALL;
import static dev.troupe.model.kernel.vector.Lanes.BYTES;
import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;
import static dev.troupe.model.kernel.vector.StoredLanes.INTS;

import dev.troupe.model.kernel.vector.StoredLanes;
import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
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
 * A number becomes a float by way of its bits: those of 2^23 + q are q's below an exponent, and those of 2^19 + q are
 * q's four bits higher up; subtracting 2^23 or 2^19 is exact. So an int is shifted once for two numbers.
 */
final class NibblePanels implements PanelFormat {
    static final NibblePanels Q4_0 = new NibblePanels(StorageType.Q4_0, NibblePanels.SMALL_HEAD, 0);
    static final NibblePanels Q4_K = new NibblePanels(StorageType.Q4_K, NibblePanels.RUN_HEAD, NibblePanels.LARGE_HEAD);

    private static final int PER_INT = 8;
    private static final long ROW = COLUMNS * (long) Integer.BYTES;
    private static final int SMALL_HEAD = COLUMNS * Short.BYTES;
    private static final int RUN_HEAD = 2 * COLUMNS;
    private static final int LARGE_HEAD = 2 * COLUMNS * Short.BYTES;
    private static final long MINIMA = COLUMNS * (long) Short.BYTES; // their float16 after those of the scales
    private static final long SECOND = LANES * (long) Short.BYTES; // from a pair's first float16 to its second
    private static final long NUMBERS = SMALL / PER_INT * ROW; // bytes of a run's numbers
    private static final long LARGE_BLOCK = LARGE_HEAD + (LARGE / SMALL) * (RUN_HEAD + NUMBERS);
    private static final long ENTRY = 2L * COLUMNS * Float.BYTES; // scales and offsets of a run in the table
    private static final long OFFSETS = COLUMNS * (long) Float.BYTES;

    /** Numbers of an int are taken in pairs, by how many bits the next is shifted to the place of one. */
    private static final int NEXT = 8;

    private static final int PAIRS = PER_INT / 2;

    /** Masks, exponents and what these amount to, for the two of a pair. */
    private static final int MASK_0 = 15;

    private static final int MASK_1 = MASK_0 << 4;
    private static final float BASE_0 = 0x1p23f;
    private static final float BASE_1 = 0x1p19f;
    private static final int EXPONENT_0 = 0x4B000000;
    private static final int EXPONENT_1 = 0x49000000;
    private static final float ZERO = BlockLayout.Q4_0_ZERO;

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
        if (type == StorageType.Q4_0 && columns == COLUMNS && NibblePacking.RUNS) {
            NibblePacking.pack(k, rows.address(), panel.address());
            return;
        }
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
                int packed = eight(rows, from, j * (SMALL / PER_INT) + i);
                panel.set(ValueLayout.JAVA_INT_UNALIGNED, start + runHead + i * ROW + c * 4L, packed);
            }
        }
    }

    private int eight(MemorySegment rows, long from, int i) {
        return type == StorageType.Q4_0 ? BlockLayout.eightOfQ4(rows, from, i) : BlockLayout.eightOfQ4K(rows, from, i);
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
                FloatVector d = StoredLanes.finiteF16(panel + j * run + c * 2L);
                d.intoMemorySegment(MEMORY, table + j * ENTRY + c * 4L, ORDER);
                d.mul(-BlockLayout.Q4_0_ZERO).intoMemorySegment(MEMORY, table + j * ENTRY + OFFSETS + c * 4L, ORDER);
            }
        }
    }

    /** The depth is one block. */
    private void largeScales(int depth, long panel, long table) {
        for (int c = 0; c < COLUMNS; c += LANES) {
            FloatVector d = StoredLanes.finiteF16(panel + c * 2L);
            FloatVector min = StoredLanes.finiteF16(panel + (COLUMNS + c) * 2L).neg();
            for (int j = 0; j < depth / SMALL; j++) {
                long from = panel + blockHead + j * run + c;
                StoredLanes.bytes(from).mul(d).intoMemorySegment(MEMORY, table + j * ENTRY + c * 4L, ORDER);
                StoredLanes.bytes(from + COLUMNS)
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
            for (int pair = 0; pair < PAIRS; pair++) {
                value(q0, MASK_0, EXPONENT_0, BASE_0, d0, e0).intoMemorySegment(MEMORY, to, ORDER);
                value(q1, MASK_0, EXPONENT_0, BASE_0, d1, e1).intoMemorySegment(MEMORY, to + BYTES, ORDER);
                to += step;
                value(q0, MASK_1, EXPONENT_1, BASE_1, d0, e0).intoMemorySegment(MEMORY, to, ORDER);
                value(q1, MASK_1, EXPONENT_1, BASE_1, d1, e1).intoMemorySegment(MEMORY, to + BYTES, ORDER);
                to += step;
                q0 = q0.lanewise(VectorOperators.LSHR, NEXT);
                q1 = q1.lanewise(VectorOperators.LSHR, NEXT);
            }
            from += ROW;
        }
    }

    /** Of the number in one place: scale · q + offset, rounded once. */
    private static FloatVector value(IntVector q, int mask, int exponent, float base, FloatVector d, FloatVector e) {
        return q.and(mask).or(exponent).reinterpretAsFloats().sub(base).fma(d, e);
    }

    @Override
    public void multiply(int panels, int depth, long a, long panel, long distance, long table, int column, long c) {
        if (type == StorageType.Q4_0) {
            multiplySmall(depth / SMALL, a, panel, column, c);
        } else {
            multiplyLarge(depth / LARGE, a, panel, column, c);
        }
    }

    private static void multiplySmall(int runs, long a, long panel, int column, long c) {
        FloatVector s0 = FloatVector.zero(SPECIES);
        FloatVector s1 = FloatVector.zero(SPECIES);
        long head = panel + column * 2L;
        long w = panel + SMALL_HEAD + column * 4L;
        for (int j = 0; j < runs; j++) {
            FloatVector d0 = StoredLanes.finiteF16(head);
            FloatVector d1 = StoredLanes.finiteF16(head + SECOND);
            for (int i = 0; i < SMALL / PER_INT; i++) {
                IntVector q0 = IntVector.fromMemorySegment(INTS, MEMORY, w, ORDER);
                IntVector q1 = IntVector.fromMemorySegment(INTS, MEMORY, w + BYTES, ORDER);
                for (int pair = 0; pair < PAIRS; pair++) {
                    FloatVector x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a));
                    s0 = x.fma(
                            q0.and(MASK_0)
                                    .or(EXPONENT_0)
                                    .reinterpretAsFloats()
                                    .sub(BASE_0 + ZERO)
                                    .mul(d0),
                            s0);
                    s1 = x.fma(
                            q1.and(MASK_0)
                                    .or(EXPONENT_0)
                                    .reinterpretAsFloats()
                                    .sub(BASE_0 + ZERO)
                                    .mul(d1),
                            s1);
                    x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a + 4));
                    s0 = x.fma(
                            q0.and(MASK_1)
                                    .or(EXPONENT_1)
                                    .reinterpretAsFloats()
                                    .sub(BASE_1 + ZERO)
                                    .mul(d0),
                            s0);
                    s1 = x.fma(
                            q1.and(MASK_1)
                                    .or(EXPONENT_1)
                                    .reinterpretAsFloats()
                                    .sub(BASE_1 + ZERO)
                                    .mul(d1),
                            s1);
                    q0 = q0.lanewise(VectorOperators.LSHR, NEXT);
                    q1 = q1.lanewise(VectorOperators.LSHR, NEXT);
                    a += 8;
                }
                w += ROW;
            }
            head += SMALL_HEAD + NUMBERS;
            w += SMALL_HEAD;
        }
        s0.intoMemorySegment(MEMORY, c, ORDER);
        s1.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    }

    private static void multiplyLarge(int blocks, long a, long panel, int column, long c) {
        FloatVector s0 = FloatVector.zero(SPECIES);
        FloatVector s1 = FloatVector.zero(SPECIES);
        long head = panel + column * 2L;
        for (int b = 0; b < blocks; b++) {
            long run = head + LARGE_HEAD - column;
            for (int j = 0; j < LARGE / SMALL; j++) {
                FloatVector d0 = StoredLanes.bytes(run).mul(StoredLanes.finiteF16(head));
                FloatVector d1 = StoredLanes.bytes(run + LANES).mul(StoredLanes.finiteF16(head + SECOND));
                FloatVector e0 = offset(run + COLUMNS, head + MINIMA);
                FloatVector e1 = offset(run + COLUMNS + LANES, head + MINIMA + SECOND);
                long w = run + RUN_HEAD + column * 3L;
                for (int i = 0; i < SMALL / PER_INT; i++) {
                    IntVector q0 = IntVector.fromMemorySegment(INTS, MEMORY, w, ORDER);
                    IntVector q1 = IntVector.fromMemorySegment(INTS, MEMORY, w + BYTES, ORDER);
                    for (int pair = 0; pair < PAIRS; pair++) {
                        FloatVector x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a));
                        s0 = x.fma(
                                q0.and(MASK_0)
                                        .or(EXPONENT_0)
                                        .reinterpretAsFloats()
                                        .sub(BASE_0)
                                        .fma(d0, e0),
                                s0);
                        s1 = x.fma(
                                q1.and(MASK_0)
                                        .or(EXPONENT_0)
                                        .reinterpretAsFloats()
                                        .sub(BASE_0)
                                        .fma(d1, e1),
                                s1);
                        x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a + 4));
                        s0 = x.fma(
                                q0.and(MASK_1)
                                        .or(EXPONENT_1)
                                        .reinterpretAsFloats()
                                        .sub(BASE_1)
                                        .fma(d0, e0),
                                s0);
                        s1 = x.fma(
                                q1.and(MASK_1)
                                        .or(EXPONENT_1)
                                        .reinterpretAsFloats()
                                        .sub(BASE_1)
                                        .fma(d1, e1),
                                s1);
                        q0 = q0.lanewise(VectorOperators.LSHR, NEXT);
                        q1 = q1.lanewise(VectorOperators.LSHR, NEXT);
                        a += 8;
                    }
                    w += ROW;
                }
                run += RUN_HEAD + NUMBERS;
            }
            head += LARGE_BLOCK;
        }
        s0.intoMemorySegment(MEMORY, c, ORDER);
        s1.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    }

    private static FloatVector offset(long min, long scale) {
        return StoredLanes.bytes(min).mul(StoredLanes.finiteF16(scale)).neg();
    }
}
