package dev.troupe.gpu.rope;

import dev.troupe.gpu.device.DeviceKernel;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** A pair of elements for each work item. */
final class RotaryKernel {
    /** 0 heads, 1 headDim, 2 x, 3 stride, 4 table, 5 inverse, 6 rows, from 7 on the positions. */
    static final DeviceKernel ROTATE = DeviceKernel.indexed("rotate", 256, RotaryKernel::rotatePair);

    private RotaryKernel() {}

    private static void rotatePair(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int heads = ints.get(0);
        int headDim = ints.get(1);
        int half = headDim / 2;
        int pair = context.globalIdx;
        int row = pair / (heads * half);
        if (row < ints.get(6)) {
            int within = pair % (heads * half);
            int i = within % half;
            int first = ints.get(2) + row * ints.get(3) + within / half * headDim + i;
            int angle = ints.get(4) + ints.get(7 + row) * headDim + i;
            float cos = heap.get(angle);
            float sin = heap.get(angle + half);
            if (ints.get(5) != 0) {
                sin = -sin;
            }
            float a = heap.get(first);
            float b = heap.get(first + half);
            heap.set(first, a * cos - b * sin);
            heap.set(first + half, b * cos + a * sin);
        }
    }
}
