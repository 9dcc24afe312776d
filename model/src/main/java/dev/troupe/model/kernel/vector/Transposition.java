package dev.troupe.model.kernel.vector;

import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;
import static dev.troupe.model.kernel.vector.Lanes.get;
import static dev.troupe.model.kernel.vector.Lanes.set;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/**
 * Turns rows into columns. Squares of sixteen by sixteen change places by halves: rows 8 apart swap blocks of 8 lanes,
 * then rows 4 apart blocks of 4, and so on; two such steps are made of four rows at a time, in registers.
 */
public final class Transposition {
    private static final int SQUARE = 16;

    private static final VectorShuffle<Float> SWAP_8 = swap(8);
    private static final VectorShuffle<Float> SWAP_4 = swap(4);
    private static final VectorShuffle<Float> SWAP_2 = swap(2);
    private static final VectorShuffle<Float> SWAP_1 = swap(1);
    private static final VectorMask<Float> UPPER_8 = upper(8);
    private static final VectorMask<Float> UPPER_4 = upper(4);
    private static final VectorMask<Float> UPPER_2 = upper(2);
    private static final VectorMask<Float> UPPER_1 = upper(1);
    private static final VectorMask<Float> LOWER_8 = upper(8).not();
    private static final VectorMask<Float> LOWER_4 = upper(4).not();
    private static final VectorMask<Float> LOWER_2 = upper(2).not();
    private static final VectorMask<Float> LOWER_1 = upper(1).not();

    private Transposition() {}

    /**
     * Rows [rows][width] become columns [width][rows]; strides in bytes. Columns are written up to the next whole
     * vector, the surplus with copies of the last row.
     */
    public static void columns(int rows, int width, long from, long rowFrom, long to, long rowTo) {
        int squares = LANES == SQUARE ? width / SQUARE * SQUARE : 0;
        for (int r = 0; r < rows; r += LANES) {
            int real = Math.min(LANES, rows - r);
            long source = from + r * rowFrom;
            long target = to + r * 4L;
            int done = real == LANES ? squares : 0;
            for (int i = 0; i < done; i += SQUARE) {
                square(source + i * 4L, rowFrom, target + i * rowTo, rowTo);
            }
            for (int i = done; i < width; i++) {
                for (int q = 0; q < LANES; q++) {
                    set(target + i * rowTo + q * 4L, get(source + Math.min(q, real - 1) * rowFrom + i * 4L));
                }
            }
        }
    }

    private static void square(long from, long rowFrom, long to, long rowTo) {
        for (int i = 0; i < 4; i++) {
            outerSteps(from + i * rowFrom, 4 * rowFrom, to + i * rowTo, 4 * rowTo);
        }
        for (int i = 0; i < SQUARE; i += 4) {
            innerSteps(to + i * rowTo, rowTo);
        }
    }

    /** Rows 0, 4, 8 and 12 of a square, or those 1, 2 or 3 further. */
    private static void outerSteps(long from, long rowFrom, long to, long rowTo) {
        FloatVector a = FloatVector.fromMemorySegment(SPECIES, MEMORY, from, ORDER);
        FloatVector b = FloatVector.fromMemorySegment(SPECIES, MEMORY, from + rowFrom, ORDER);
        FloatVector c = FloatVector.fromMemorySegment(SPECIES, MEMORY, from + 2 * rowFrom, ORDER);
        FloatVector d = FloatVector.fromMemorySegment(SPECIES, MEMORY, from + 3 * rowFrom, ORDER);
        FloatVector a2 = a.blend(c.rearrange(SWAP_8), UPPER_8);
        FloatVector b2 = b.blend(d.rearrange(SWAP_8), UPPER_8);
        FloatVector c2 = c.blend(a.rearrange(SWAP_8), LOWER_8);
        FloatVector d2 = d.blend(b.rearrange(SWAP_8), LOWER_8);
        a2.blend(b2.rearrange(SWAP_4), UPPER_4).intoMemorySegment(MEMORY, to, ORDER);
        b2.blend(a2.rearrange(SWAP_4), LOWER_4).intoMemorySegment(MEMORY, to + rowTo, ORDER);
        c2.blend(d2.rearrange(SWAP_4), UPPER_4).intoMemorySegment(MEMORY, to + 2 * rowTo, ORDER);
        d2.blend(c2.rearrange(SWAP_4), LOWER_4).intoMemorySegment(MEMORY, to + 3 * rowTo, ORDER);
    }

    /** Four neighbouring rows of a square. */
    private static void innerSteps(long at, long row) {
        FloatVector a = FloatVector.fromMemorySegment(SPECIES, MEMORY, at, ORDER);
        FloatVector b = FloatVector.fromMemorySegment(SPECIES, MEMORY, at + row, ORDER);
        FloatVector c = FloatVector.fromMemorySegment(SPECIES, MEMORY, at + 2 * row, ORDER);
        FloatVector d = FloatVector.fromMemorySegment(SPECIES, MEMORY, at + 3 * row, ORDER);
        FloatVector a2 = a.blend(c.rearrange(SWAP_2), UPPER_2);
        FloatVector b2 = b.blend(d.rearrange(SWAP_2), UPPER_2);
        FloatVector c2 = c.blend(a.rearrange(SWAP_2), LOWER_2);
        FloatVector d2 = d.blend(b.rearrange(SWAP_2), LOWER_2);
        a2.blend(b2.rearrange(SWAP_1), UPPER_1).intoMemorySegment(MEMORY, at, ORDER);
        b2.blend(a2.rearrange(SWAP_1), LOWER_1).intoMemorySegment(MEMORY, at + row, ORDER);
        c2.blend(d2.rearrange(SWAP_1), UPPER_1).intoMemorySegment(MEMORY, at + 2 * row, ORDER);
        d2.blend(c2.rearrange(SWAP_1), LOWER_1).intoMemorySegment(MEMORY, at + 3 * row, ORDER);
    }

    private static VectorShuffle<Float> swap(int distance) {
        return VectorShuffle.fromOp(SPECIES, i -> i ^ (distance % LANES));
    }

    /** The lanes whose number has this bit. */
    private static VectorMask<Float> upper(int bit) {
        boolean[] lanes = new boolean[LANES];
        for (int i = 0; i < LANES; i++) {
            lanes[i] = (i & bit) != 0;
        }
        return VectorMask.fromArray(SPECIES, lanes, 0);
    }
}
