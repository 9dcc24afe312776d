package dev.troupe.model.kernel.check;

import dev.troupe.model.tensor.Tensor;

/** GELU and SwiGLU, forward and backward. */
final class ActivationContract implements OperationContract {
    @Override
    public String name() {
        return "activation";
    }

    @Override
    public void brief(Comparison on) {
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
    public void full(Comparison on) {
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

    private static void gelu(Comparison on, int rows, int width) {
        on.compare(
                "gelu",
                shape(rows, width),
                1,
                (kernels, in) -> kernels.activation()
                        .geluForward((long) rows * width, in.normal(rows, width), in.output("y", rows, width)));
    }

    private static void swiglu(Comparison on, int rows, int width) {
        on.compare(
                "swiglu",
                shape(rows, width),
                1,
                (kernels, in) -> kernels.activation()
                        .swigluForward(rows, width, in.normal(rows, 2 * width), in.output("y", rows, width)));
    }

    private static void backward(Comparison on, int rows, int width) {
        on.compare(
                "gelu backward",
                shape(rows, width),
                1,
                (kernels, in) -> kernels.activation()
                        .geluBackward(
                                (long) rows * width,
                                in.normal(rows, width),
                                in.normal(rows, width),
                                in.output("dx", rows, width)));
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
                                in.output("dGateUp", rows, 2 * width)));
    }

    /** Far from zero, where activations are nearly straight: small errors of a sigmoid are multiplied there. */
    private static Tensor far(Comparison.Inputs in, int width) {
        Tensor x = in.normal(1, 2 * width);
        for (long i = 0; i < x.size(); i++) {
            x.set(i, 12 * x.get(i));
        }
        return x;
    }

    private static void farGelu(Comparison on, int width) {
        on.compare(
                "gelu of great numbers",
                "width " + width,
                1,
                (kernels, in) ->
                        kernels.activation().geluForward(2L * width, far(in, width), in.output("y", 1, 2 * width)));
    }

    private static void farSwiglu(Comparison on, int width) {
        on.compare(
                "swiglu of great numbers",
                "width " + width,
                1,
                (kernels, in) ->
                        kernels.activation().swigluForward(1, width, far(in, width), in.output("y", 1, width)));
    }

    private static void farBackward(Comparison on, int width) {
        on.compare(
                "gelu backward of great numbers",
                "width " + width,
                1,
                (kernels, in) -> kernels.activation()
                        .geluBackward(
                                2L * width, far(in, width), in.normal(1, 2 * width), in.output("dx", 1, 2 * width)));
        on.compare(
                "swiglu backward of great numbers",
                "width " + width,
                1,
                (kernels, in) -> kernels.activation()
                        .swigluBackward(
                                1, width, far(in, width), in.normal(1, width), in.output("dGateUp", 1, 2 * width)));
    }
}
