package dev.troupe.gpu.activation;

import dev.troupe.gpu.device.DeviceKernel;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** An element for each work item. */
final class ActivationKernels {
    private static final int GROUP = 256;
    private static final float SQRT_2_OVER_PI = 0.7978846f;
    private static final float CUBIC = 0.044715f;

    /** 0 count, 1 x, 2 y. */
    static final DeviceKernel GELU_FORWARD = DeviceKernel.of("geluForward", GROUP, ActivationKernels::geluForward);

    /** 0 count, 1 x, 2 dy, 3 dx. */
    static final DeviceKernel GELU_BACKWARD = DeviceKernel.of("geluBackward", GROUP, ActivationKernels::geluBackward);

    /** 0 count, 1 width, 2 gateUp, 3 y. */
    static final DeviceKernel SWIGLU_FORWARD =
            DeviceKernel.of("swigluForward", GROUP, ActivationKernels::swigluForward);

    /** 0 count, 1 width, 2 gateUp, 3 dy, 4 dGateUp. */
    static final DeviceKernel SWIGLU_BACKWARD =
            DeviceKernel.of("swigluBackward", GROUP, ActivationKernels::swigluBackward);

    private ActivationKernels() {}

    private static void geluForward(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int i = context.globalIdx;
        if (i < ints.get(0)) {
            float v = heap.get(ints.get(1) + i);
            heap.set(ints.get(2) + i, v / (1f + TornadoMath.exp(-twiceInner(v))));
        }
    }

    private static void geluBackward(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int i = context.globalIdx;
        if (i < ints.get(0)) {
            float v = heap.get(ints.get(1) + i);
            float twice = twiceInner(v);
            float sigmoid = 1f / (1f + TornadoMath.exp(-twice));
            float e = TornadoMath.exp(-TornadoMath.abs(twice));
            float slope = e / ((1f + e) * (1f + e)); // sigmoid · (1 - sigmoid), which would cancel
            float inner = 2f * SQRT_2_OVER_PI * (1f + 3f * CUBIC * v * v);
            heap.set(ints.get(3) + i, heap.get(ints.get(2) + i) * (sigmoid + v * slope * inner));
        }
    }

    /**
     * 2u, where gelu(x) = x/2 · (1 + tanh u) = x · sigmoid(2u). A device's tanh may be a few last places below 1 where
     * it should be 1; x³ makes that a visible error of the gradient.
     */
    private static float twiceInner(float v) {
        return 2f * SQRT_2_OVER_PI * (v + CUBIC * v * v * v);
    }

    private static void swigluForward(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int i = context.globalIdx;
        if (i < ints.get(0)) {
            int width = ints.get(1);
            int gateAt = ints.get(2) + i / width * 2 * width + i % width;
            float gate = heap.get(gateAt);
            heap.set(ints.get(3) + i, gate / (1f + TornadoMath.exp(-gate)) * heap.get(gateAt + width));
        }
    }

    private static void swigluBackward(KernelContext context, FloatArray heap, FloatArray floats, IntArray ints) {
        int i = context.globalIdx;
        if (i < ints.get(0)) {
            int width = ints.get(1);
            int at = i / width * 2 * width + i % width;
            float gate = heap.get(ints.get(2) + at);
            float up = heap.get(ints.get(2) + at + width);
            float d = heap.get(ints.get(3) + i);
            float sigmoid = 1f / (1f + TornadoMath.exp(-gate));
            heap.set(ints.get(4) + at, d * up * sigmoid * (1f + gate * (1f - sigmoid)));
            heap.set(ints.get(4) + at + width, d * gate * sigmoid);
        }
    }
}
