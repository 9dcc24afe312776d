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
    }

    @Override
    public void full(Comparison on) {
        Sizes.sweep((rows, width) -> at(on, rows, width), 3072);
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
