package dev.troupe.gpu.gemm;

import dev.troupe.gpu.device.DeviceKernel;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Copies op(B) [k, n] to plain rows. Integers: 0 k, 1 n, 2 B, 3 ldb, 4 B transposed, 5 to. */
final class TransposeKernel {
    static final int SIDE = 16;

    static final DeviceKernel TRANSPOSE = DeviceKernel.of("transpose", SIDE, SIDE, TransposeKernel::transposeTile);

    private TransposeKernel() {}

    private static void transposeTile(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int k = ints.get(0);
        int n = ints.get(1);
        int ldb = ints.get(3);
        int x = context.localIdx;
        int y = context.localIdy;
        int firstRow = context.groupIdy * SIDE;
        int firstColumn = context.groupIdx * SIDE;
        float[] tile = context.allocateFloatLocalArray(SIDE * SIDE);
        // Read along the rows as they are stored, write along those of the result.
        if (ints.get(4) != 0) {
            if (firstColumn + y < n && firstRow + x < k) {
                tile[x * SIDE + y] = heap.get(ints.get(2) + (firstColumn + y) * ldb + firstRow + x);
            }
        } else {
            if (firstRow + y < k && firstColumn + x < n) {
                tile[y * SIDE + x] = heap.get(ints.get(2) + (firstRow + y) * ldb + firstColumn + x);
            }
        }
        context.localBarrier();
        if (firstRow + y < k && firstColumn + x < n) {
            heap.set(ints.get(5) + (firstRow + y) * n + firstColumn + x, tile[y * SIDE + x]);
        }
    }
}
