package dev.troupe.model.kernel.vector;

import static dev.troupe.model.kernel.vector.Lanes.FLOAT;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;

import jdk.incubator.vector.FloatVector;

/**
 * Register tiles one vector wide: the outer-product kernel of {@link Tiles}, written out because the compiler keeps
 * vectors in registers only when each has a name of its own. The vectors are loaded and stored by the library's methods
 * themselves: the compiler stops inlining ours in a method as large as this, and would box them.
 */
final class Tile1 {
    private Tile1() {}

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
        FloatVector s10 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from1, ORDER);
        FloatVector s20 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from2, ORDER);
        FloatVector s30 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from3, ORDER);
        FloatVector s40 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from4, ORDER);
        FloatVector s50 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from5, ORDER);
        long atA = 0;
        for (int i = 0; i < k; i++) {
            FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, MEMORY, b, ORDER);
            FloatVector x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a0 + atA));
            s00 = x.fma(b0, s00);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a1 + atA));
            s10 = x.fma(b0, s10);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a2 + atA));
            s20 = x.fma(b0, s20);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a3 + atA));
            s30 = x.fma(b0, s30);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a4 + atA));
            s40 = x.fma(b0, s40);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a5 + atA));
            s50 = x.fma(b0, s50);
            atA += stepA;
            b += stepB;
        }
        s00.intoMemorySegment(MEMORY, c, ORDER);
        s10.intoMemorySegment(MEMORY, c1, ORDER);
        s20.intoMemorySegment(MEMORY, c2, ORDER);
        s30.intoMemorySegment(MEMORY, c3, ORDER);
        s40.intoMemorySegment(MEMORY, c4, ORDER);
        s50.intoMemorySegment(MEMORY, c5, ORDER);
    }

    static void oneRow(int k, long a, long stepA, long b, long stepB, long from, long c) {
        long a0 = a;
        FloatVector s00 = FloatVector.fromMemorySegment(SPECIES, MEMORY, from, ORDER);
        long atA = 0;
        for (int i = 0; i < k; i++) {
            FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, MEMORY, b, ORDER);
            FloatVector x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, a0 + atA));
            s00 = x.fma(b0, s00);
            atA += stepA;
            b += stepB;
        }
        s00.intoMemorySegment(MEMORY, c, ORDER);
    }
}
