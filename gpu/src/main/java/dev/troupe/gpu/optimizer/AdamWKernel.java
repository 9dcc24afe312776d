package dev.troupe.gpu.optimizer;

import dev.troupe.gpu.device.DeviceKernel;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** An element for each work item. */
final class AdamWKernel {
    /**
     * 0 count, 1 first element, 2 weights, 3 gradients, 4 first moments, 5 second moments; floats: 0 gradient scale, 1
     * beta1, 2 1 - beta1, 3 beta2, 4 1 - beta2, 5 and 6 the reciprocals of the bias corrections, 7 epsilon, 8 what
     * decay leaves of a weight, 9 learning rate.
     */
    static final DeviceKernel ADAM_W = DeviceKernel.of("adamW", 256, AdamWKernel::updateElement);

    private AdamWKernel() {}

    private static void updateElement(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int i = context.globalIdx;
        if (i < ints.get(0)) {
            int at = ints.get(1) + i;
            float g = heap.get(ints.get(3) + at) * floats.get(0);
            float m = floats.get(1) * heap.get(ints.get(4) + at) + floats.get(2) * g;
            float v = floats.get(3) * heap.get(ints.get(5) + at) + floats.get(4) * g * g;
            float change = m * floats.get(5) / (TornadoMath.sqrt(v * floats.get(6)) + floats.get(7));
            heap.set(ints.get(4) + at, m);
            heap.set(ints.get(5) + at, v);
            heap.set(ints.get(2) + at, heap.get(ints.get(2) + at) * floats.get(8) - floats.get(9) * change);
        }
    }
}
