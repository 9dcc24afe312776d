package dev.troupe.gpu.limits;

import dev.troupe.gpu.device.DeviceKernel;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** As much arithmetic, or as much memory traffic, as there can be. */
final class LimitKernels {
    private static final int GROUP = 256;

    /** Independent sums of a work item. */
    static final int CHAINS = 8;

    /** 0 steps, 1 where the sums go, an element for each work item; floats: 0 factor, 1 addend. */
    static final DeviceKernel MULTIPLY_ADD = DeviceKernel.of("limitMultiplyAdd", GROUP, LimitKernels::multiplyAdd);

    /** 0 from, 1 elements that a work item adds, 2 work items, 3 where the sums go. */
    static final DeviceKernel READ = DeviceKernel.of("limitRead", GROUP, LimitKernels::readStrided);

    /** 0 from, 1 count; floats: 0 factor, 1 addend. */
    static final DeviceKernel UPDATE = DeviceKernel.of("limitUpdate", GROUP, LimitKernels::updateElement);

    private LimitKernels() {}

    private static void multiplyAdd(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        float a = floats.get(0);
        float b = floats.get(1);
        float seed = context.localIdx * 0.001f;
        float x0 = seed + 0f;
        float x1 = seed + 1f;
        float x2 = seed + 2f;
        float x3 = seed + 3f;
        float x4 = seed + 4f;
        float x5 = seed + 5f;
        float x6 = seed + 6f;
        float x7 = seed + 7f;
        for (int i = 0; i < ints.get(0); i++) {
            x0 = x0 * a + b;
            x1 = x1 * a + b;
            x2 = x2 * a + b;
            x3 = x3 * a + b;
            x4 = x4 * a + b;
            x5 = x5 * a + b;
            x6 = x6 * a + b;
            x7 = x7 * a + b;
        }
        heap.set(ints.get(1) + context.globalIdx, x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7);
    }

    private static void readStrided(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int items = ints.get(2);
        int at = ints.get(0) + context.globalIdx;
        float sum0 = 0f;
        float sum1 = 0f;
        float sum2 = 0f;
        float sum3 = 0f;
        for (int i = 0; i < ints.get(1); i += 4) {
            sum0 += heap.get(at + i * items);
            sum1 += heap.get(at + (i + 1) * items);
            sum2 += heap.get(at + (i + 2) * items);
            sum3 += heap.get(at + (i + 3) * items);
        }
        heap.set(ints.get(3) + context.globalIdx, sum0 + sum1 + sum2 + sum3);
    }

    private static void updateElement(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int i = context.globalIdx;
        if (i < ints.get(1)) {
            heap.set(ints.get(0) + i, heap.get(ints.get(0) + i) * floats.get(0) + floats.get(1));
        }
    }
}
