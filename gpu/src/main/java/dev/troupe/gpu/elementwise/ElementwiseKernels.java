package dev.troupe.gpu.elementwise;

import dev.troupe.gpu.device.DeviceKernel;
import dev.troupe.model.kernel.elementwise.DropoutMask;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Small operations over flat ranges and rows. */
final class ElementwiseKernels {
    private static final int GROUP = 256;
    private static final int SQUARES_GROUP = 64;

    /** Elements whose squares a group adds. */
    static final int SQUARES_BLOCK = 4096;

    /** 0 count, 1 x, 2 y. */
    static final DeviceKernel ADD = DeviceKernel.of("add", GROUP, ElementwiseKernels::addElement);

    /** 0 count, 1 dim, 2 bias, 3 x. */
    static final DeviceKernel ADD_BIAS = DeviceKernel.of("addBias", GROUP, ElementwiseKernels::addBiasElement);

    /** 0 rows, 1 dim, 2 dy, 3 dBias. A work item has a column. */
    static final DeviceKernel BIAS_BACKWARD = DeviceKernel.of("biasBackward", 64, ElementwiseKernels::biasColumn);

    /** 0 first element, 1 end, 2 x, 3 where the sums of the groups go. */
    static final DeviceKernel SQUARES = DeviceKernel.of("squares", SQUARES_GROUP, ElementwiseKernels::squaresBlock);

    /** 0 count, 1 x, 2 and 3 lower and upper half of the mask's key, 4 threshold; floats: 0 scale. */
    static final DeviceKernel DROPOUT = DeviceKernel.of("dropout", GROUP, ElementwiseKernels::dropElement);

    private ElementwiseKernels() {}

    private static void addElement(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int i = context.globalIdx;
        if (i < ints.get(0)) {
            heap.set(ints.get(2) + i, heap.get(ints.get(2) + i) + heap.get(ints.get(1) + i));
        }
    }

    private static void addBiasElement(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int i = context.globalIdx;
        if (i < ints.get(0)) {
            heap.set(ints.get(3) + i, heap.get(ints.get(3) + i) + heap.get(ints.get(2) + i % ints.get(1)));
        }
    }

    private static void biasColumn(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int column = context.globalIdx;
        int dim = ints.get(1);
        if (column < dim) {
            float sum = heap.get(ints.get(3) + column);
            for (int r = 0; r < ints.get(0); r++) {
                sum += heap.get(ints.get(2) + r * dim + column);
            }
            heap.set(ints.get(3) + column, sum);
        }
    }

    private static void squaresBlock(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int item = context.localIdx;
        int group = context.groupIdx;
        int from = ints.get(0) + group * SQUARES_BLOCK;
        int end = from + SQUARES_BLOCK;
        if (end > ints.get(1)) {
            end = ints.get(1);
        }
        float[] partial = context.allocateFloatLocalArray(SQUARES_GROUP);
        float mine = 0f;
        for (int i = from + item; i < end; i += SQUARES_GROUP) {
            float value = heap.get(ints.get(2) + i);
            mine += value * value;
        }
        partial[item] = mine;
        context.localBarrier();
        if (item == 0) {
            float sum = 0f;
            for (int i = 0; i < SQUARES_GROUP; i++) {
                sum += partial[i];
            }
            heap.set(ints.get(3) + group, sum);
        }
    }

    /** DropoutMask's hash. TornadoVM gets unsigned shifts of negative numbers wrong, so the sign is masked away. */
    private static void dropElement(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int i = context.globalIdx;
        if (i < ints.get(0)) {
            int hash = mixed(mixed(i + ints.get(2)) ^ ints.get(3));
            float kept = 0f;
            if (((hash >> 8) & 0xffffff) >= ints.get(4)) {
                kept = heap.get(ints.get(1) + i) * floats.get(0);
            }
            heap.set(ints.get(1) + i, kept);
        }
    }

    private static int mixed(int x) {
        int h = (x ^ ((x >> 16) & 0xffff)) * DropoutMask.MULTIPLIER_1;
        h = (h ^ ((h >> 13) & 0x7ffff)) * DropoutMask.MULTIPLIER_2;
        return h ^ ((h >> 16) & 0xffff);
    }
}
