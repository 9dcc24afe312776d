package dev.troupe.model.kernel.gemm;

import static dev.troupe.model.kernel.gemm.GemmTile.ROW_A;
import static dev.troupe.model.kernel.gemm.GemmTile.ROW_B;
import static dev.troupe.model.kernel.vector.Lanes.ADDRESS;
import static dev.troupe.model.kernel.vector.Lanes.BYTES;
import static dev.troupe.model.kernel.vector.Lanes.FLOAT;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;

import jdk.incubator.vector.FloatVector;

/**
 * Register tiles of fewer rows than a strip has, for the last rows of a matrix, for single rows, and for processors
 * with 16 registers. As {@link TwelveRows}; a tile that begins within a strip is given the address of its first row.
 */
final class FewRows {
    private FewRows() {}

    /** 8 rows. */
    static void eight(int depth, long strip, long panel, long sums) {
        int steps = Math.min(depth, GemmTile.DEPTH);
        long a = strip & ADDRESS;
        long b = panel & ADDRESS;
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector s00 = zero;
        FloatVector s01 = zero;
        FloatVector s10 = zero;
        FloatVector s11 = zero;
        FloatVector s20 = zero;
        FloatVector s21 = zero;
        FloatVector s30 = zero;
        FloatVector s31 = zero;
        FloatVector s40 = zero;
        FloatVector s41 = zero;
        FloatVector s50 = zero;
        FloatVector s51 = zero;
        FloatVector s60 = zero;
        FloatVector s61 = zero;
        FloatVector s70 = zero;
        FloatVector s71 = zero;
        for (int i = 0; i < steps; i++) {
            long atA = a + i * ROW_A;
            long atB = b + i * ROW_B;
            FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, MEMORY, atB, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(SPECIES, MEMORY, atB + BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, atA));
            s00 = x.fma(b0, s00);
            s01 = x.fma(b1, s01);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, atA + 4));
            s10 = x.fma(b0, s10);
            s11 = x.fma(b1, s11);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, atA + 8));
            s20 = x.fma(b0, s20);
            s21 = x.fma(b1, s21);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, atA + 12));
            s30 = x.fma(b0, s30);
            s31 = x.fma(b1, s31);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, atA + 16));
            s40 = x.fma(b0, s40);
            s41 = x.fma(b1, s41);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, atA + 20));
            s50 = x.fma(b0, s50);
            s51 = x.fma(b1, s51);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, atA + 24));
            s60 = x.fma(b0, s60);
            s61 = x.fma(b1, s61);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, atA + 28));
            s70 = x.fma(b0, s70);
            s71 = x.fma(b1, s71);
        }
        s00.intoMemorySegment(MEMORY, sums, ORDER);
        s01.intoMemorySegment(MEMORY, sums + BYTES, ORDER);
        s10.intoMemorySegment(MEMORY, sums + ROW_B, ORDER);
        s11.intoMemorySegment(MEMORY, sums + ROW_B + BYTES, ORDER);
        s20.intoMemorySegment(MEMORY, sums + 2 * ROW_B, ORDER);
        s21.intoMemorySegment(MEMORY, sums + 2 * ROW_B + BYTES, ORDER);
        s30.intoMemorySegment(MEMORY, sums + 3 * ROW_B, ORDER);
        s31.intoMemorySegment(MEMORY, sums + 3 * ROW_B + BYTES, ORDER);
        s40.intoMemorySegment(MEMORY, sums + 4 * ROW_B, ORDER);
        s41.intoMemorySegment(MEMORY, sums + 4 * ROW_B + BYTES, ORDER);
        s50.intoMemorySegment(MEMORY, sums + 5 * ROW_B, ORDER);
        s51.intoMemorySegment(MEMORY, sums + 5 * ROW_B + BYTES, ORDER);
        s60.intoMemorySegment(MEMORY, sums + 6 * ROW_B, ORDER);
        s61.intoMemorySegment(MEMORY, sums + 6 * ROW_B + BYTES, ORDER);
        s70.intoMemorySegment(MEMORY, sums + 7 * ROW_B, ORDER);
        s71.intoMemorySegment(MEMORY, sums + 7 * ROW_B + BYTES, ORDER);
    }

    /** 6 rows: 12 sums, for 16 registers. */
    static void six(int depth, long strip, long panel, long sums) {
        int steps = Math.min(depth, GemmTile.DEPTH);
        long a = strip & ADDRESS;
        long b = panel & ADDRESS;
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector s00 = zero;
        FloatVector s01 = zero;
        FloatVector s10 = zero;
        FloatVector s11 = zero;
        FloatVector s20 = zero;
        FloatVector s21 = zero;
        FloatVector s30 = zero;
        FloatVector s31 = zero;
        FloatVector s40 = zero;
        FloatVector s41 = zero;
        FloatVector s50 = zero;
        FloatVector s51 = zero;
        for (int i = 0; i < steps; i++) {
            long atA = a + i * ROW_A;
            long atB = b + i * ROW_B;
            FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, MEMORY, atB, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(SPECIES, MEMORY, atB + BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, atA));
            s00 = x.fma(b0, s00);
            s01 = x.fma(b1, s01);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, atA + 4));
            s10 = x.fma(b0, s10);
            s11 = x.fma(b1, s11);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, atA + 8));
            s20 = x.fma(b0, s20);
            s21 = x.fma(b1, s21);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, atA + 12));
            s30 = x.fma(b0, s30);
            s31 = x.fma(b1, s31);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, atA + 16));
            s40 = x.fma(b0, s40);
            s41 = x.fma(b1, s41);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, atA + 20));
            s50 = x.fma(b0, s50);
            s51 = x.fma(b1, s51);
        }
        s00.intoMemorySegment(MEMORY, sums, ORDER);
        s01.intoMemorySegment(MEMORY, sums + BYTES, ORDER);
        s10.intoMemorySegment(MEMORY, sums + ROW_B, ORDER);
        s11.intoMemorySegment(MEMORY, sums + ROW_B + BYTES, ORDER);
        s20.intoMemorySegment(MEMORY, sums + 2 * ROW_B, ORDER);
        s21.intoMemorySegment(MEMORY, sums + 2 * ROW_B + BYTES, ORDER);
        s30.intoMemorySegment(MEMORY, sums + 3 * ROW_B, ORDER);
        s31.intoMemorySegment(MEMORY, sums + 3 * ROW_B + BYTES, ORDER);
        s40.intoMemorySegment(MEMORY, sums + 4 * ROW_B, ORDER);
        s41.intoMemorySegment(MEMORY, sums + 4 * ROW_B + BYTES, ORDER);
        s50.intoMemorySegment(MEMORY, sums + 5 * ROW_B, ORDER);
        s51.intoMemorySegment(MEMORY, sums + 5 * ROW_B + BYTES, ORDER);
    }

    /** 4 rows. */
    static void four(int depth, long strip, long panel, long sums) {
        int steps = Math.min(depth, GemmTile.DEPTH);
        long a = strip & ADDRESS;
        long b = panel & ADDRESS;
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector s00 = zero;
        FloatVector s01 = zero;
        FloatVector s10 = zero;
        FloatVector s11 = zero;
        FloatVector s20 = zero;
        FloatVector s21 = zero;
        FloatVector s30 = zero;
        FloatVector s31 = zero;
        for (int i = 0; i < steps; i++) {
            long atA = a + i * ROW_A;
            long atB = b + i * ROW_B;
            FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, MEMORY, atB, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(SPECIES, MEMORY, atB + BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, atA));
            s00 = x.fma(b0, s00);
            s01 = x.fma(b1, s01);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, atA + 4));
            s10 = x.fma(b0, s10);
            s11 = x.fma(b1, s11);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, atA + 8));
            s20 = x.fma(b0, s20);
            s21 = x.fma(b1, s21);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, atA + 12));
            s30 = x.fma(b0, s30);
            s31 = x.fma(b1, s31);
        }
        s00.intoMemorySegment(MEMORY, sums, ORDER);
        s01.intoMemorySegment(MEMORY, sums + BYTES, ORDER);
        s10.intoMemorySegment(MEMORY, sums + ROW_B, ORDER);
        s11.intoMemorySegment(MEMORY, sums + ROW_B + BYTES, ORDER);
        s20.intoMemorySegment(MEMORY, sums + 2 * ROW_B, ORDER);
        s21.intoMemorySegment(MEMORY, sums + 2 * ROW_B + BYTES, ORDER);
        s30.intoMemorySegment(MEMORY, sums + 3 * ROW_B, ORDER);
        s31.intoMemorySegment(MEMORY, sums + 3 * ROW_B + BYTES, ORDER);
    }

    /** 2 rows. */
    static void two(int depth, long strip, long panel, long sums) {
        int steps = Math.min(depth, GemmTile.DEPTH);
        long a = strip & ADDRESS;
        long b = panel & ADDRESS;
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector s00 = zero;
        FloatVector s01 = zero;
        FloatVector s10 = zero;
        FloatVector s11 = zero;
        for (int i = 0; i < steps; i++) {
            long atA = a + i * ROW_A;
            long atB = b + i * ROW_B;
            FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, MEMORY, atB, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(SPECIES, MEMORY, atB + BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, atA));
            s00 = x.fma(b0, s00);
            s01 = x.fma(b1, s01);
            x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, atA + 4));
            s10 = x.fma(b0, s10);
            s11 = x.fma(b1, s11);
        }
        s00.intoMemorySegment(MEMORY, sums, ORDER);
        s01.intoMemorySegment(MEMORY, sums + BYTES, ORDER);
        s10.intoMemorySegment(MEMORY, sums + ROW_B, ORDER);
        s11.intoMemorySegment(MEMORY, sums + ROW_B + BYTES, ORDER);
    }

    /** 1 row. */
    static void one(int depth, long strip, long panel, long sums) {
        int steps = Math.min(depth, GemmTile.DEPTH);
        long a = strip & ADDRESS;
        long b = panel & ADDRESS;
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector s00 = zero;
        FloatVector s01 = zero;
        for (int i = 0; i < steps; i++) {
            long atA = a + i * ROW_A;
            long atB = b + i * ROW_B;
            FloatVector b0 = FloatVector.fromMemorySegment(SPECIES, MEMORY, atB, ORDER);
            FloatVector b1 = FloatVector.fromMemorySegment(SPECIES, MEMORY, atB + BYTES, ORDER);
            FloatVector x = FloatVector.broadcast(SPECIES, MEMORY.get(FLOAT, atA));
            s00 = x.fma(b0, s00);
            s01 = x.fma(b1, s01);
        }
        s00.intoMemorySegment(MEMORY, sums, ORDER);
        s01.intoMemorySegment(MEMORY, sums + BYTES, ORDER);
    }
}
