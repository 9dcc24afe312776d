package dev.troupe.model.kernel.check;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.tensor.Tensor;

/** GELU and SwiGLU, forward and backward. */
final class ActivationContract implements OperationContract<Kernels> {
    @Override
    public String name() {
        return "activation";
    }

    @Override
    public void brief(Comparison<Kernels> on) {
        on.where(KernelUse.GELU, () -> gelu(on, 3, 21));
        on.where(KernelUse.SWIGLU, () -> swiglu(on, 3, 21));
        on.where(KernelUse.GELU, () -> farGelu(on, 500));
        on.where(KernelUse.SWIGLU, () -> farSwiglu(on, 500));
        on.where(KernelUse.TRAINING, () -> {
            backward(on, 3, 21);
            farBackward(on, 500);
        });
    }

    @Override
    public void full(Comparison<Kernels> on) {
        Sizes.sweep(
                (rows, width) -> {
                    gelu(on, rows, width);
                    swiglu(on, rows, width);
                    backward(on, rows, width);
                },
                3072);
        farGelu(on, 5000);
        farSwiglu(on, 5000);
        farBackward(on, 5000);
    }

    private static String shape(int rows, int width) {
        return "rows " + rows + ", width " + width;
    }

    private static void gelu(Comparison<Kernels> on, int rows, int width) {
        on.compare(
                "gelu",
                shape(rows, width),
                1,
                (kernels, in) -> kernels.activation()
                        .geluForward((long) rows * width, in.normal(rows, width), in.result("y", rows, width)));
    }

    private static void swiglu(Comparison<Kernels> on, int rows, int width) {
        on.compare(
                "swiglu",
                shape(rows, width),
                1,
                (kernels, in) -> kernels.activation()
                        .swigluForward(rows, width, in.normal(rows, 2 * width), in.result("y", rows, width)));
    }

    private static void backward(Comparison<Kernels> on, int rows, int width) {
        on.compare(
                "gelu backward",
                shape(rows, width),
                1,
                (kernels, in) -> kernels.activation()
                        .geluBackward(
                                (long) rows * width,
                                in.normal(rows, width),
                                in.normal(rows, width),
                                in.result("dx", rows, width)));
        on.compare(
                "swiglu backward",
                shape(rows, width),
                1,
                (kernels, in) -> kernels.activation()
                        .swigluBackward(
                                rows,
                                width,
                                in.normal(rows, 2 * width),
                                in.normal(rows, width),
                                in.result("dGateUp", rows, 2 * width)));
    }

    /** Far from zero, where activations are nearly straight: small errors of a sigmoid are multiplied there. */
    private static Tensor far(Comparison.Inputs in, int width) {
        Tensor x = in.normal(1, 2 * width);
        for (long i = 0; i < x.size(); i++) {
            x.set(i, 12 * x.get(i));
        }
        return x;
    }

    private static void farGelu(Comparison<Kernels> on, int width) {
        on.compare(
                "gelu of great numbers",
                "width " + width,
                1,
                (kernels, in) ->
                        kernels.activation().geluForward(2L * width, far(in, width), in.result("y", 1, 2 * width)));
    }

    private static void farSwiglu(Comparison<Kernels> on, int width) {
        on.compare(
                "swiglu of great numbers",
                "width " + width,
                1,
                (kernels, in) ->
                        kernels.activation().swigluForward(1, width, far(in, width), in.result("y", 1, width)));
    }

    private static void farBackward(Comparison<Kernels> on, int width) {
        on.compare(
                "gelu backward of great numbers",
                "width " + width,
                1,
                (kernels, in) -> kernels.activation()
                        .geluBackward(
                                2L * width, far(in, width), in.normal(1, 2 * width), in.result("dx", 1, 2 * width)));
        on.compare(
                "swiglu backward of great numbers",
                "width " + width,
                1,
                (kernels, in) -> kernels.activation()
                        .swigluBackward(
                                1, width, far(in, width), in.normal(1, width), in.result("dGateUp", 1, 2 * width)));
    }
}
