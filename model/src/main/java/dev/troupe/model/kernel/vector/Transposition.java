package dev.troupe.model.kernel.vector;

import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.get;
import static dev.troupe.model.kernel.vector.Lanes.set;

import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Turns rows into columns. Squares of sixteen by sixteen stay in registers for four rounds of a perfect shuffle: each
 * interleaves rows i and i + 8, so that the highest bit of the row's number becomes the lowest of the column's and the
 * other way round.
 */
public final class Transposition {
    private static final int SQUARE = 16;
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
    private static final IntVector LOW = interleave(0);
    private static final IntVector HIGH = interleave(LANES / 2);

    private Transposition() {}

    /**
     * Rows [rows][width] become columns [width][rows]; strides in bytes. Columns are written up to the next whole
     * vector, one after the other, the surplus with copies of the last row: where {@code rowTo} is less than a whole
     * number of vectors, each overwrites the surplus of the one before.
     */
    public static void columns(int rows, int width, long from, long rowFrom, long to, long rowTo) {
        int squares = LANES == SQUARE ? width / SQUARE * SQUARE : 0;
        for (int r = 0; r < rows; r += LANES) {
            int real = Math.min(LANES, rows - r);
            long source = from + r * rowFrom;
            long target = to + r * 4L;
            if (squares > 0 && TranspositionCode.RUNS) {
                TranspositionCode.squares(real, squares, source, rowFrom, target, rowTo);
            } else if (squares > 0) {
                squares(real, squares, source, rowFrom, target, rowTo);
            }
            for (int i = squares; i < width; i++) {
                for (int q = 0; q < LANES; q++) {
                    set(target + i * rowTo + q * 4L, get(source + Math.min(q, real - 1) * rowFrom + i * 4L));
                }
            }
        }
    }

    /** At most sixteen rows, {@code width} a multiple of sixteen. */
    static void squares(int rows, int width, long from, long rowFrom, long to, long rowTo) {
        IntVector low = LOW;
        IntVector high = HIGH;
        int last = rows - 1;
        long a0 = from;
        long a1 = from + Math.min(1, last) * rowFrom;
        long a2 = from + Math.min(2, last) * rowFrom;
        long a3 = from + Math.min(3, last) * rowFrom;
        long a4 = from + Math.min(4, last) * rowFrom;
        long a5 = from + Math.min(5, last) * rowFrom;
        long a6 = from + Math.min(6, last) * rowFrom;
        long a7 = from + Math.min(7, last) * rowFrom;
        long a8 = from + Math.min(8, last) * rowFrom;
        long a9 = from + Math.min(9, last) * rowFrom;
        long aa = from + Math.min(10, last) * rowFrom;
        long ab = from + Math.min(11, last) * rowFrom;
        long ac = from + Math.min(12, last) * rowFrom;
        long ad = from + Math.min(13, last) * rowFrom;
        long ae = from + Math.min(14, last) * rowFrom;
        long af = from + Math.min(15, last) * rowFrom;
        for (int i = 0; i < width; i += SQUARE) {
            long at = i * 4L;
            long target = to + i * rowTo;
            IntVector r0 = IntVector.fromMemorySegment(INTS, MEMORY, a0 + at, ORDER);
            IntVector r1 = IntVector.fromMemorySegment(INTS, MEMORY, a1 + at, ORDER);
            IntVector r2 = IntVector.fromMemorySegment(INTS, MEMORY, a2 + at, ORDER);
            IntVector r3 = IntVector.fromMemorySegment(INTS, MEMORY, a3 + at, ORDER);
            IntVector r4 = IntVector.fromMemorySegment(INTS, MEMORY, a4 + at, ORDER);
            IntVector r5 = IntVector.fromMemorySegment(INTS, MEMORY, a5 + at, ORDER);
            IntVector r6 = IntVector.fromMemorySegment(INTS, MEMORY, a6 + at, ORDER);
            IntVector r7 = IntVector.fromMemorySegment(INTS, MEMORY, a7 + at, ORDER);
            IntVector r8 = IntVector.fromMemorySegment(INTS, MEMORY, a8 + at, ORDER);
            IntVector r9 = IntVector.fromMemorySegment(INTS, MEMORY, a9 + at, ORDER);
            IntVector ra = IntVector.fromMemorySegment(INTS, MEMORY, aa + at, ORDER);
            IntVector rb = IntVector.fromMemorySegment(INTS, MEMORY, ab + at, ORDER);
            IntVector rc = IntVector.fromMemorySegment(INTS, MEMORY, ac + at, ORDER);
            IntVector rd = IntVector.fromMemorySegment(INTS, MEMORY, ad + at, ORDER);
            IntVector re = IntVector.fromMemorySegment(INTS, MEMORY, ae + at, ORDER);
            IntVector rf = IntVector.fromMemorySegment(INTS, MEMORY, af + at, ORDER);
            IntVector s0 = low.selectFrom(r0, r8);
            IntVector s1 = high.selectFrom(r0, r8);
            IntVector s2 = low.selectFrom(r1, r9);
            IntVector s3 = high.selectFrom(r1, r9);
            IntVector s4 = low.selectFrom(r2, ra);
            IntVector s5 = high.selectFrom(r2, ra);
            IntVector s6 = low.selectFrom(r3, rb);
            IntVector s7 = high.selectFrom(r3, rb);
            IntVector s8 = low.selectFrom(r4, rc);
            IntVector s9 = high.selectFrom(r4, rc);
            IntVector sa = low.selectFrom(r5, rd);
            IntVector sb = high.selectFrom(r5, rd);
            IntVector sc = low.selectFrom(r6, re);
            IntVector sd = high.selectFrom(r6, re);
            IntVector se = low.selectFrom(r7, rf);
            IntVector sf = high.selectFrom(r7, rf);
            IntVector t0 = low.selectFrom(s0, s8);
            IntVector t1 = high.selectFrom(s0, s8);
            IntVector t2 = low.selectFrom(s1, s9);
            IntVector t3 = high.selectFrom(s1, s9);
            IntVector t4 = low.selectFrom(s2, sa);
            IntVector t5 = high.selectFrom(s2, sa);
            IntVector t6 = low.selectFrom(s3, sb);
            IntVector t7 = high.selectFrom(s3, sb);
            IntVector t8 = low.selectFrom(s4, sc);
            IntVector t9 = high.selectFrom(s4, sc);
            IntVector ta = low.selectFrom(s5, sd);
            IntVector tb = high.selectFrom(s5, sd);
            IntVector tc = low.selectFrom(s6, se);
            IntVector td = high.selectFrom(s6, se);
            IntVector te = low.selectFrom(s7, sf);
            IntVector tf = high.selectFrom(s7, sf);
            IntVector u0 = low.selectFrom(t0, t8);
            IntVector u1 = high.selectFrom(t0, t8);
            IntVector u2 = low.selectFrom(t1, t9);
            IntVector u3 = high.selectFrom(t1, t9);
            IntVector u4 = low.selectFrom(t2, ta);
            IntVector u5 = high.selectFrom(t2, ta);
            IntVector u6 = low.selectFrom(t3, tb);
            IntVector u7 = high.selectFrom(t3, tb);
            IntVector u8 = low.selectFrom(t4, tc);
            IntVector u9 = high.selectFrom(t4, tc);
            IntVector ua = low.selectFrom(t5, td);
            IntVector ub = high.selectFrom(t5, td);
            IntVector uc = low.selectFrom(t6, te);
            IntVector ud = high.selectFrom(t6, te);
            IntVector ue = low.selectFrom(t7, tf);
            IntVector uf = high.selectFrom(t7, tf);
            IntVector v0 = low.selectFrom(u0, u8);
            IntVector v1 = high.selectFrom(u0, u8);
            IntVector v2 = low.selectFrom(u1, u9);
            IntVector v3 = high.selectFrom(u1, u9);
            IntVector v4 = low.selectFrom(u2, ua);
            IntVector v5 = high.selectFrom(u2, ua);
            IntVector v6 = low.selectFrom(u3, ub);
            IntVector v7 = high.selectFrom(u3, ub);
            IntVector v8 = low.selectFrom(u4, uc);
            IntVector v9 = high.selectFrom(u4, uc);
            IntVector va = low.selectFrom(u5, ud);
            IntVector vb = high.selectFrom(u5, ud);
            IntVector vc = low.selectFrom(u6, ue);
            IntVector vd = high.selectFrom(u6, ue);
            IntVector ve = low.selectFrom(u7, uf);
            IntVector vf = high.selectFrom(u7, uf);
            v0.intoMemorySegment(MEMORY, target, ORDER);
            v1.intoMemorySegment(MEMORY, target + rowTo, ORDER);
            v2.intoMemorySegment(MEMORY, target + 2 * rowTo, ORDER);
            v3.intoMemorySegment(MEMORY, target + 3 * rowTo, ORDER);
            v4.intoMemorySegment(MEMORY, target + 4 * rowTo, ORDER);
            v5.intoMemorySegment(MEMORY, target + 5 * rowTo, ORDER);
            v6.intoMemorySegment(MEMORY, target + 6 * rowTo, ORDER);
            v7.intoMemorySegment(MEMORY, target + 7 * rowTo, ORDER);
            v8.intoMemorySegment(MEMORY, target + 8 * rowTo, ORDER);
            v9.intoMemorySegment(MEMORY, target + 9 * rowTo, ORDER);
            va.intoMemorySegment(MEMORY, target + 10 * rowTo, ORDER);
            vb.intoMemorySegment(MEMORY, target + 11 * rowTo, ORDER);
            vc.intoMemorySegment(MEMORY, target + 12 * rowTo, ORDER);
            vd.intoMemorySegment(MEMORY, target + 13 * rowTo, ORDER);
            ve.intoMemorySegment(MEMORY, target + 14 * rowTo, ORDER);
            vf.intoMemorySegment(MEMORY, target + 15 * rowTo, ORDER);
        }
    }

    /** Lanes from {@code first} on of two vectors, in turns; lanes of the second are numbered after the first's. */
    private static IntVector interleave(int first) {
        int[] lanes = new int[LANES];
        for (int i = 0; i < LANES; i++) {
            lanes[i] = first + i / 2 + i % 2 * LANES;
        }
        return IntVector.fromArray(INTS, lanes, 0);
    }
}
