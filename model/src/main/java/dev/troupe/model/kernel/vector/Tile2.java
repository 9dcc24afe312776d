package dev.troupe.model.kernel.vector;

import static dev.troupe.model.kernel.vector.Lanes.BYTES;
import static dev.troupe.model.kernel.vector.Lanes.FLOAT;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;

import jdk.incubator.vector.FloatVector;

/**
 * Register tiles two vectors wide: the outer-product kernel of {@link Tiles}, written out because the compiler keeps
 * vectors in registers only when each has a name of its own. The vectors are loaded and stored by the library's methods
 * themselves: the compiler stops inlining ours in a method as large as this, and would box them.
 */
final class Tile2 {
    private Tile2() {}

    static void sixRows(
            int k, long a, long rowA, long stepA, long b, long stepB, long from, long rowFrom, long c, long rowC) {
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
        long from1 = from + 1 * rowFrom;
        long from2 = from + 2 * rowFrom;
        long from3 = from + 3 * rowFrom;
        long from4 = from + 4 * rowFrom;
        long from5 = from + 5 * rowFrom;
        FloatVector s00 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from, ORDER);
        FloatVector s01 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from + BYTES, ORDER);
        FloatVector s10 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from1, ORDER);
        FloatVector s11 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from1 + BYTES, ORDER);
        FloatVector s20 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from2, ORDER);
        FloatVector s21 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from2 + BYTES, ORDER);
        FloatVector s30 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from3, ORDER);
        FloatVector s31 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from3 + BYTES, ORDER);
        FloatVector s40 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from4, ORDER);
        FloatVector s41 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from4 + BYTES, ORDER);
        FloatVector s50 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from5, ORDER);
        FloatVector s51 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from5 + BYTES, ORDER);
        long atA = 0;
        for (int i = 0; i < k; i++) {
            FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, MEMORY, b, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(SPECIES, MEMORY, b + BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a0 + atA));
            s00 = x.fma(b0, s00);
            s01 = x.fma(b1, s01);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a1 + atA));
            s10 = x.fma(b0, s10);
            s11 = x.fma(b1, s11);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a2 + atA));
            s20 = x.fma(b0, s20);
            s21 = x.fma(b1, s21);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a3 + atA));
            s30 = x.fma(b0, s30);
            s31 = x.fma(b1, s31);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a4 + atA));
            s40 = x.fma(b0, s40);
            s41 = x.fma(b1, s41);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a5 + atA));
            s50 = x.fma(b0, s50);
            s51 = x.fma(b1, s51);
            atA += stepA;
            b += stepB;
        }
        s00.intoMemorySegment(MEMORY, c, ORDER);
        s01.intoMemorySegment(MEMORY, c + BYTES, ORDER);
        s10.intoMemorySegment(MEMORY, c1, ORDER);
        s11.intoMemorySegment(MEMORY, c1 + BYTES, ORDER);
        s20.intoMemorySegment(MEMORY, c2, ORDER);
        s21.intoMemorySegment(MEMORY, c2 + BYTES, ORDER);
        s30.intoMemorySegment(MEMORY, c3, ORDER);
        s31.intoMemorySegment(MEMORY, c3 + BYTES, ORDER);
        s40.intoMemorySegment(MEMORY, c4, ORDER);
        s41.intoMemorySegment(MEMORY, c4 + BYTES, ORDER);
        s50.intoMemorySegment(MEMORY, c5, ORDER);
        s51.intoMemorySegment(MEMORY, c5 + BYTES, ORDER);
    }

    static void oneRow(int k, long a, long stepA, long b, long stepB, long from, long c) {
        long a0 = a;
        FloatVector s00 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from, ORDER);
        FloatVector s01 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from + BYTES, ORDER);
        long atA = 0;
        for (int i = 0; i < k; i++) {
            FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, MEMORY, b, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(SPECIES, MEMORY, b + BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a0 + atA));
            s00 = x.fma(b0, s00);
            s01 = x.fma(b1, s01);
            atA += stepA;
            b += stepB;
        }
        s00.intoMemorySegment(MEMORY, c, ORDER);
        s01.intoMemorySegment(MEMORY, c + BYTES, ORDER);
    }
}
