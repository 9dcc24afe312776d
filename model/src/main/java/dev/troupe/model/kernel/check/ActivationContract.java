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
        at(on, 3, 21);
        far(on, 500);
    }

    @Override
    public void full(Comparison on) {
        Sizes.sweep((rows, width) -> at(on, rows, width), 3072);
        far(on, 5000);
    }

    /** Far from zero, where activations are nearly straight: small errors of a sigmoid are multiplied there. */
    private static void far(Comparison on, int width) {
        on.compare("activation of great numbers", "width " + width, 1, (kernels, in) -> {
            Tensor x = in.normal(1, 2 * width);
            for (long i = 0; i < x.size(); i++) {
                x.set(i, 12 * x.get(i));
            }
            kernels.activation().geluForward(x.size(), x, in.output("gelu", 1, 2 * width));
            kernels.activation().geluBackward(x.size(), x, in.normal(1, 2 * width), in.output("dGelu", 1, 2 * width));
            kernels.activation().swigluForward(1, width, x, in.output("swiglu", 1, width));
            kernels.activation().swigluBackward(1, width, x, in.normal(1, width), in.output("dSwiglu", 1, 2 * width));
        });
    }

    private static void at(Comparison on, int rows, int width) {
        String shape = "rows " + rows + ", width " + width;
        on.compare("gelu", shape, 1, (kernels, in) -> {
            long n = (long) rows * width;
            Tensor x = in.normal(rows, width);
            kernels.activation().geluForward(n, x, in.output("y", rows, width));
            kernels.activation().geluBackward(n, x, in.normal(rows, width), in.output("dx", rows, width));
        });
        on.compare("swiglu", shape, 1, (kernels, in) -> {
            Tensor gateUp = in.normal(rows, 2 * width);
            kernels.activation().swigluForward(rows, width, gateUp, in.output("y", rows, width));
            Tensor dGateUp = in.output("dGateUp", rows, 2 * width);
            kernels.activation().swigluBackward(rows, width, gateUp, in.normal(rows, width), dGateUp);
        });
    }
}
