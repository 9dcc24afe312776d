package dev.troupe.model.kernel.vector;

import static dev.troupe.model.kernel.vector.Lanes.BYTES;
import static dev.troupe.model.kernel.vector.Lanes.FLOAT;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;

import jdk.incubator.vector.FloatVector;

/**
 * Register tiles four vectors wide: the outer-product kernel of {@link Tiles}, written out because the compiler keeps
 * vectors in registers only when each has a name of its own. The vectors are loaded and stored by the library's methods
 * themselves: the compiler stops inlining ours in a method as large as this, and would box them.
 */
final class Tile4 {
    private Tile4() {}

    /** Sums start at 0: loading what they start from as well is more than the compiler takes. */
    static void sixRows(int k, long a, long rowA, long stepA, long b, long stepB, long c, long rowC) {
        long a0 = a;
        long a1 = a + 1 * rowA;
        long a2 = a + 2 * rowA;
        long a3 = a + 3 * rowA;
        long a4 = a + 4 * rowA;
        long a5 = a + 5 * rowA;
        long c1 = c + 1 * rowC;
        long c2 = c + 2 * rowC;
        long c3 = c + 3 * rowC;
        long c4 = c + 4 * rowC;
        long c5 = c + 5 * rowC;
        FloatVector s00 = FloatVector.zero(SPECIES);
        FloatVector s01 = FloatVector.zero(SPECIES);
        FloatVector s02 = FloatVector.zero(SPECIES);
        FloatVector s03 = FloatVector.zero(SPECIES);
        FloatVector s10 = FloatVector.zero(SPECIES);
        FloatVector s11 = FloatVector.zero(SPECIES);
        FloatVector s12 = FloatVector.zero(SPECIES);
        FloatVector s13 = FloatVector.zero(SPECIES);
        FloatVector s20 = FloatVector.zero(SPECIES);
        FloatVector s21 = FloatVector.zero(SPECIES);
        FloatVector s22 = FloatVector.zero(SPECIES);
        FloatVector s23 = FloatVector.zero(SPECIES);
        FloatVector s30 = FloatVector.zero(SPECIES);
        FloatVector s31 = FloatVector.zero(SPECIES);
        FloatVector s32 = FloatVector.zero(SPECIES);
        FloatVector s33 = FloatVector.zero(SPECIES);
        FloatVector s40 = FloatVector.zero(SPECIES);
        FloatVector s41 = FloatVector.zero(SPECIES);
        FloatVector s42 = FloatVector.zero(SPECIES);
        FloatVector s43 = FloatVector.zero(SPECIES);
        FloatVector s50 = FloatVector.zero(SPECIES);
        FloatVector s51 = FloatVector.zero(SPECIES);
        FloatVector s52 = FloatVector.zero(SPECIES);
        FloatVector s53 = FloatVector.zero(SPECIES);
        long atA = 0;
        for (int i = 0; i < k; i++) {
            FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, MEMORY, b, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(SPECIES, MEMORY, b + BYTES, ORDER);
            FloatVector b2 = FloatVector.fromMemorySegment(SPECIES, MEMORY, b + 2 * BYTES, ORDER);
            FloatVector b3 = FloatVector.fromMemorySegment(SPECIES, MEMORY, b + 3 * BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a0 + atA));
            s00 = x.fma(b0, s00);
            s01 = x.fma(b1, s01);
            s02 = x.fma(b2, s02);
            s03 = x.fma(b3, s03);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a1 + atA));
            s10 = x.fma(b0, s10);
            s11 = x.fma(b1, s11);
            s12 = x.fma(b2, s12);
            s13 = x.fma(b3, s13);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a2 + atA));
            s20 = x.fma(b0, s20);
            s21 = x.fma(b1, s21);
            s22 = x.fma(b2, s22);
            s23 = x.fma(b3, s23);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a3 + atA));
            s30 = x.fma(b0, s30);
            s31 = x.fma(b1, s31);
            s32 = x.fma(b2, s32);
            s33 = x.fma(b3, s33);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a4 + atA));
            s40 = x.fma(b0, s40);
            s41 = x.fma(b1, s41);
            s42 = x.fma(b2, s42);
            s43 = x.fma(b3, s43);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a5 + atA));
            s50 = x.fma(b0, s50);
            s51 = x.fma(b1, s51);
            s52 = x.fma(b2, s52);
            s53 = x.fma(b3, s53);
            atA += stepA;
            b += stepB;
        }
        s00.intoMemorySegment(MEMORY, c, ORDER);
        s01.intoMemorySegment(MEMORY, c + BYTES, ORDER);
        s02.intoMemorySegment(MEMORY, c + 2 * BYTES, ORDER);
        s03.intoMemorySegment(MEMORY, c + 3 * BYTES, ORDER);
        s10.intoMemorySegment(MEMORY, c1, ORDER);
        s11.intoMemorySegment(MEMORY, c1 + BYTES, ORDER);
        s12.intoMemorySegment(MEMORY, c1 + 2 * BYTES, ORDER);
        s13.intoMemorySegment(MEMORY, c1 + 3 * BYTES, ORDER);
        s20.intoMemorySegment(MEMORY, c2, ORDER);
        s21.intoMemorySegment(MEMORY, c2 + BYTES, ORDER);
        s22.intoMemorySegment(MEMORY, c2 + 2 * BYTES, ORDER);
        s23.intoMemorySegment(MEMORY, c2 + 3 * BYTES, ORDER);
        s30.intoMemorySegment(MEMORY, c3, ORDER);
        s31.intoMemorySegment(MEMORY, c3 + BYTES, ORDER);
        s32.intoMemorySegment(MEMORY, c3 + 2 * BYTES, ORDER);
        s33.intoMemorySegment(MEMORY, c3 + 3 * BYTES, ORDER);
        s40.intoMemorySegment(MEMORY, c4, ORDER);
        s41.intoMemorySegment(MEMORY, c4 + BYTES, ORDER);
        s42.intoMemorySegment(MEMORY, c4 + 2 * BYTES, ORDER);
        s43.intoMemorySegment(MEMORY, c4 + 3 * BYTES, ORDER);
        s50.intoMemorySegment(MEMORY, c5, ORDER);
        s51.intoMemorySegment(MEMORY, c5 + BYTES, ORDER);
        s52.intoMemorySegment(MEMORY, c5 + 2 * BYTES, ORDER);
        s53.intoMemorySegment(MEMORY, c5 + 3 * BYTES, ORDER);
    }

    static void fourRows(
            int k, long a, long rowA, long stepA, long b, long stepB, long from, long rowFrom, long c, long rowC) {
        long a0 = a;
        long a1 = a + 1 * rowA;
        long a2 = a + 2 * rowA;
        long a3 = a + 3 * rowA;
        long c1 = c + 1 * rowC;
        long c2 = c + 2 * rowC;
        long c3 = c + 3 * rowC;
        long from1 = from + 1 * rowFrom;
        long from2 = from + 2 * rowFrom;
        long from3 = from + 3 * rowFrom;
        FloatVector s00 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from, ORDER);
        FloatVector s01 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from + BYTES, ORDER);
        FloatVector s02 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from + 2 * BYTES, ORDER);
        FloatVector s03 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from + 3 * BYTES, ORDER);
        FloatVector s10 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from1, ORDER);
        FloatVector s11 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from1 + BYTES, ORDER);
        FloatVector s12 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from1 + 2 * BYTES, ORDER);
        FloatVector s13 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from1 + 3 * BYTES, ORDER);
        FloatVector s20 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from2, ORDER);
        FloatVector s21 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from2 + BYTES, ORDER);
        FloatVector s22 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from2 + 2 * BYTES, ORDER);
        FloatVector s23 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from2 + 3 * BYTES, ORDER);
        FloatVector s30 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from3, ORDER);
        FloatVector s31 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from3 + BYTES, ORDER);
        FloatVector s32 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from3 + 2 * BYTES, ORDER);
        FloatVector s33 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from3 + 3 * BYTES, ORDER);
        long atA = 0;
        for (int i = 0; i < k; i++) {
            FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, MEMORY, b, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(SPECIES, MEMORY, b + BYTES, ORDER);
            FloatVector b2 = FloatVector.fromMemorySegment(SPECIES, MEMORY, b + 2 * BYTES, ORDER);
            FloatVector b3 = FloatVector.fromMemorySegment(SPECIES, MEMORY, b + 3 * BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a0 + atA));
            s00 = x.fma(b0, s00);
            s01 = x.fma(b1, s01);
            s02 = x.fma(b2, s02);
            s03 = x.fma(b3, s03);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a1 + atA));
            s10 = x.fma(b0, s10);
            s11 = x.fma(b1, s11);
            s12 = x.fma(b2, s12);
            s13 = x.fma(b3, s13);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a2 + atA));
            s20 = x.fma(b0, s20);
            s21 = x.fma(b1, s21);
            s22 = x.fma(b2, s22);
            s23 = x.fma(b3, s23);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a3 + atA));
            s30 = x.fma(b0, s30);
            s31 = x.fma(b1, s31);
            s32 = x.fma(b2, s32);
            s33 = x.fma(b3, s33);
            atA += stepA;
            b += stepB;
        }
        s00.intoMemorySegment(MEMORY, c, ORDER);
        s01.intoMemorySegment(MEMORY, c + BYTES, ORDER);
        s02.intoMemorySegment(MEMORY, c + 2 * BYTES, ORDER);
        s03.intoMemorySegment(MEMORY, c + 3 * BYTES, ORDER);
        s10.intoMemorySegment(MEMORY, c1, ORDER);
        s11.intoMemorySegment(MEMORY, c1 + BYTES, ORDER);
        s12.intoMemorySegment(MEMORY, c1 + 2 * BYTES, ORDER);
        s13.intoMemorySegment(MEMORY, c1 + 3 * BYTES, ORDER);
        s20.intoMemorySegment(MEMORY, c2, ORDER);
        s21.intoMemorySegment(MEMORY, c2 + BYTES, ORDER);
        s22.intoMemorySegment(MEMORY, c2 + 2 * BYTES, ORDER);
        s23.intoMemorySegment(MEMORY, c2 + 3 * BYTES, ORDER);
        s30.intoMemorySegment(MEMORY, c3, ORDER);
        s31.intoMemorySegment(MEMORY, c3 + BYTES, ORDER);
        s32.intoMemorySegment(MEMORY, c3 + 2 * BYTES, ORDER);
        s33.intoMemorySegment(MEMORY, c3 + 3 * BYTES, ORDER);
    }

    static void twoRows(
            int k, long a, long rowA, long stepA, long b, long stepB, long from, long rowFrom, long c, long rowC) {
        long a0 = a;
        long a1 = a + 1 * rowA;
        long c1 = c + 1 * rowC;
        long from1 = from + 1 * rowFrom;
        FloatVector s00 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from, ORDER);
        FloatVector s01 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from + BYTES, ORDER);
        FloatVector s02 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from + 2 * BYTES, ORDER);
        FloatVector s03 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from + 3 * BYTES, ORDER);
        FloatVector s10 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from1, ORDER);
        FloatVector s11 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from1 + BYTES, ORDER);
        FloatVector s12 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from1 + 2 * BYTES, ORDER);
        FloatVector s13 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from1 + 3 * BYTES, ORDER);
        long atA = 0;
        for (int i = 0; i < k; i++) {
            FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, MEMORY, b, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(SPECIES, MEMORY, b + BYTES, ORDER);
            FloatVector b2 = FloatVector.fromMemorySegment(SPECIES, MEMORY, b + 2 * BYTES, ORDER);
            FloatVector b3 = FloatVector.fromMemorySegment(SPECIES, MEMORY, b + 3 * BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a0 + atA));
            s00 = x.fma(b0, s00);
            s01 = x.fma(b1, s01);
            s02 = x.fma(b2, s02);
            s03 = x.fma(b3, s03);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a1 + atA));
            s10 = x.fma(b0, s10);
            s11 = x.fma(b1, s11);
            s12 = x.fma(b2, s12);
            s13 = x.fma(b3, s13);
            atA += stepA;
            b += stepB;
        }
        s00.intoMemorySegment(MEMORY, c, ORDER);
        s01.intoMemorySegment(MEMORY, c + BYTES, ORDER);
        s02.intoMemorySegment(MEMORY, c + 2 * BYTES, ORDER);
        s03.intoMemorySegment(MEMORY, c + 3 * BYTES, ORDER);
        s10.intoMemorySegment(MEMORY, c1, ORDER);
        s11.intoMemorySegment(MEMORY, c1 + BYTES, ORDER);
        s12.intoMemorySegment(MEMORY, c1 + 2 * BYTES, ORDER);
        s13.intoMemorySegment(MEMORY, c1 + 3 * BYTES, ORDER);
    }

    static void oneRow(int k, long a, long stepA, long b, long stepB, long from, long c) {
        long a0 = a;
        FloatVector s00 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from, ORDER);
        FloatVector s01 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from + BYTES, ORDER);
        FloatVector s02 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from + 2 * BYTES, ORDER);
        FloatVector s03 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from + 3 * BYTES, ORDER);
        long atA = 0;
        for (int i = 0; i < k; i++) {
            FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, MEMORY, b, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(SPECIES, MEMORY, b + BYTES, ORDER);
            FloatVector b2 = FloatVector.fromMemorySegment(SPECIES, MEMORY, b + 2 * BYTES, ORDER);
            FloatVector b3 = FloatVector.fromMemorySegment(SPECIES, MEMORY, b + 3 * BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a0 + atA));
            s00 = x.fma(b0, s00);
            s01 = x.fma(b1, s01);
            s02 = x.fma(b2, s02);
            s03 = x.fma(b3, s03);
            atA += stepA;
            b += stepB;
        }
        s00.intoMemorySegment(MEMORY, c, ORDER);
        s01.intoMemorySegment(MEMORY, c + BYTES, ORDER);
        s02.intoMemorySegment(MEMORY, c + 2 * BYTES, ORDER);
        s03.intoMemorySegment(MEMORY, c + 3 * BYTES, ORDER);
    }
}
