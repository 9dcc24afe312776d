package dev.troupe.gpu.gemm;

import dev.troupe.gpu.device.DeviceKernel;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * C[m, n] = op(A)[m, k] · op(B)[k, n] + addend + bias. Integers: 0 m, 1 n, 2 k, 3 A, 4 lda, 5 A transposed, 6 B, 7 ldb,
 * 8 B transposed, 9 C, 10 ldc, 11 addend or -1, 12 bias or -1.
 *
 * <p>Both kernels add the products of an element in order of k to one sum that starts at zero, so their bits agree.
 */
final class GemmKernels {
    /** Rows and columns of C that a group computes; a work item has 4 x 4 of them, 16 apart. */
    static final int TILE = 64;

    private static final int SIDE = 16; // work items along each side of a group
    private static final int DEPTH = 16; // of k, held in local memory at once

    /** Rows that a work item of {@link #FEW_ROWS} computes. */
    static final int ROWS = 4;

    static final DeviceKernel TILED = DeviceKernel.of("gemmTiled", SIDE, SIDE, GemmKernels::tiled);

    /** For few rows and B as stored: a work item has one column of four rows and reads B once. */
    static final DeviceKernel FEW_ROWS = DeviceKernel.of("gemmFewRows", 64, GemmKernels::fewRows);

    private GemmKernels() {}

    private static void tiled(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int m = ints.get(0);
        int n = ints.get(1);
        int k = ints.get(2);
        int a = ints.get(3);
        int lda = ints.get(4);
        int transposedA = ints.get(5);
        int b = ints.get(6);
        int ldb = ints.get(7);
        int transposedB = ints.get(8);
        int x = context.localIdx;
        int y = context.localIdy;
        int firstRow = context.groupIdy * TILE;
        int firstColumn = context.groupIdx * TILE;
        int item = y * SIDE + x;
        float[] tileA = context.allocateFloatLocalArray(TILE * DEPTH); // [DEPTH, TILE]
        float[] tileB = context.allocateFloatLocalArray(TILE * DEPTH); // [DEPTH, TILE]
        float c00 = 0f;
        float c01 = 0f;
        float c02 = 0f;
        float c03 = 0f;
        float c10 = 0f;
        float c11 = 0f;
        float c12 = 0f;
        float c13 = 0f;
        float c20 = 0f;
        float c21 = 0f;
        float c22 = 0f;
        float c23 = 0f;
        float c30 = 0f;
        float c31 = 0f;
        float c32 = 0f;
        float c33 = 0f;
        for (int from = 0; from < k; from += DEPTH) {
            for (int q = 0; q < 4; q++) {
                // Neighbouring work items read neighbouring elements, whichever way the matrix is stored.
                int e = item + q * SIDE * SIDE;
                int i = transposedA != 0 ? e % TILE : e / DEPTH;
                int p = transposedA != 0 ? e / TILE : e % DEPTH;
                float value = 0f;
                if (firstRow + i < m && from + p < k) {
                    int row = firstRow + i;
                    int column = from + p;
                    value = heap.get(transposedA != 0 ? a + column * lda + row : a + row * lda + column);
                }
                tileA[p * TILE + i] = value;
                int j = transposedB != 0 ? e / DEPTH : e % TILE;
                int r = transposedB != 0 ? e % DEPTH : e / TILE;
                float other = 0f;
                if (firstColumn + j < n && from + r < k) {
                    int row = from + r;
                    int column = firstColumn + j;
                    other = heap.get(transposedB != 0 ? b + column * ldb + row : b + row * ldb + column);
                }
                tileB[r * TILE + j] = other;
            }
            context.localBarrier();
            for (int p = 0; p < DEPTH; p++) {
                int atA = p * TILE + y;
                int atB = p * TILE + x;
                float a0 = tileA[atA];
                float a1 = tileA[atA + SIDE];
                float a2 = tileA[atA + 2 * SIDE];
                float a3 = tileA[atA + 3 * SIDE];
                float b0 = tileB[atB];
                float b1 = tileB[atB + SIDE];
                float b2 = tileB[atB + 2 * SIDE];
                float b3 = tileB[atB + 3 * SIDE];
                c00 += a0 * b0;
                c01 += a0 * b1;
                c02 += a0 * b2;
                c03 += a0 * b3;
                c10 += a1 * b0;
                c11 += a1 * b1;
                c12 += a1 * b2;
                c13 += a1 * b3;
                c20 += a2 * b0;
                c21 += a2 * b1;
                c22 += a2 * b2;
                c23 += a2 * b3;
                c30 += a3 * b0;
                c31 += a3 * b1;
                c32 += a3 * b2;
                c33 += a3 * b3;
            }
            context.localBarrier();
        }
        int row = firstRow + y;
        int column = firstColumn + x;
        finish(heap, ints, row, column, c00);
        finish(heap, ints, row, column + SIDE, c01);
        finish(heap, ints, row, column + 2 * SIDE, c02);
        finish(heap, ints, row, column + 3 * SIDE, c03);
        finish(heap, ints, row + SIDE, column, c10);
        finish(heap, ints, row + SIDE, column + SIDE, c11);
        finish(heap, ints, row + SIDE, column + 2 * SIDE, c12);
        finish(heap, ints, row + SIDE, column + 3 * SIDE, c13);
        finish(heap, ints, row + 2 * SIDE, column, c20);
        finish(heap, ints, row + 2 * SIDE, column + SIDE, c21);
        finish(heap, ints, row + 2 * SIDE, column + 2 * SIDE, c22);
        finish(heap, ints, row + 2 * SIDE, column + 3 * SIDE, c23);
        finish(heap, ints, row + 3 * SIDE, column, c30);
        finish(heap, ints, row + 3 * SIDE, column + SIDE, c31);
        finish(heap, ints, row + 3 * SIDE, column + 2 * SIDE, c32);
        finish(heap, ints, row + 3 * SIDE, column + 3 * SIDE, c33);
    }

    private static void fewRows(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int m = ints.get(0);
        int n = ints.get(1);
        int k = ints.get(2);
        int lda = ints.get(4);
        int transposedA = ints.get(5);
        int ldb = ints.get(7);
        int column = context.globalIdx;
        int first = context.groupIdy * ROWS;
        int step = transposedA != 0 ? lda : 1; // in A, from one k to the next
        int apart = transposedA != 0 ? 1 : lda; // in A, from one row to the next
        // Rows beyond the last repeat it; what they compute is not written.
        int a0 = ints.get(3) + first * apart;
        int a1 = ints.get(3) + (first + 1 < m ? first + 1 : first) * apart;
        int a2 = ints.get(3) + (first + 2 < m ? first + 2 : first) * apart;
        int a3 = ints.get(3) + (first + 3 < m ? first + 3 : first) * apart;
        if (column < n) {
            int b = ints.get(6) + column;
            float c0 = 0f;
            float c1 = 0f;
            float c2 = 0f;
            float c3 = 0f;
            for (int p = 0; p < k; p++) {
                float value = heap.get(b + p * ldb);
                c0 += heap.get(a0 + p * step) * value;
                c1 += heap.get(a1 + p * step) * value;
                c2 += heap.get(a2 + p * step) * value;
                c3 += heap.get(a3 + p * step) * value;
            }
            finish(heap, ints, first, column, c0);
            finish(heap, ints, first + 1, column, c1);
            finish(heap, ints, first + 2, column, c2);
            finish(heap, ints, first + 3, column, c3);
        }
    }

    private static void finish(FloatArray heap, IntArray ints, int row, int column, float sum) {
        if (row < ints.get(0) && column < ints.get(1)) {
            int at = row * ints.get(10) + column;
            float value = sum;
            if (ints.get(11) >= 0) {
                value += heap.get(ints.get(11) + at);
            }
            if (ints.get(12) >= 0) {
                value += heap.get(ints.get(12) + column);
            }
            heap.set(ints.get(9) + at, value);
        }
    }
}
