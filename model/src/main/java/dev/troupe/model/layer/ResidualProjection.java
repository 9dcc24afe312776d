package dev.troupe.model.layer;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.tensor.Tensor;

/**
 * The end of a residual branch: out = x + dropout(h · Wᵀ + b). Without dropout the product is added to x directly,
 * which is also what inference does.
 */
final class ResidualProjection {
    private final Kernels kernels;
    private final Linear linear;
    private final Dropout dropout;
    private final Tensor dropped; // [R, C]

    ResidualProjection(Kernels kernels, Linear linear, Dropout dropout, Scratch scratch) {
        this.kernels = kernels;
        this.linear = linear;
        this.dropout = dropout;
        this.dropped = scratch.dropped();
    }

    /**
     * Overwrites out, which is not x.
     *
     * @param x [R, C]
     * @param h [R, in]
     */
    void forward(Pass pass, Tensor x, Tensor h, Tensor out) {
        int rows = pass.rows();
        if (dropout.active(pass)) {
            long elements = (long) rows * linear.out();
            linear.forward(rows, h, null, out);
            dropout.apply(pass, elements, out);
            kernels.elementwise().add(elements, x, out);
        } else {
            linear.forward(rows, h, x, out);
        }
    }

    /** Overwrites dh [R, in]; dOut [R, C] stays, for it is also the gradient of x. */
    void backward(Pass pass, Tensor h, Tensor dOut, Tensor dh) {
        int rows = pass.rows();
        Tensor dBranch = dOut;
        if (dropout.active(pass)) {
            long elements = (long) rows * linear.out();
            dropped.view(0, rows, linear.out()).copyFrom(dOut.view(0, rows, linear.out()));
            dropout.apply(pass, elements, dropped);
            dBranch = dropped;
        }
        linear.backward(pass, h, dBranch, dh);
    }
}
