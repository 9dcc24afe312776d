package dev.troupe.model.layer;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.gemm.Epilogue;
import dev.troupe.model.kernel.linear.Operand;
import dev.troupe.model.parallel.TensorAxis;
import dev.troupe.model.tensor.Tensor;

/**
 * The end of a residual branch: out = x + dropout(h · Wᵀ + b). Without dropout the product is added to x directly,
 * which is also what inference does. On a split axis the products of all ranks are summed first.
 */
final class ResidualProjection {
    private final Kernels kernels;
    private final TensorAxis axis;
    private final Linear linear;
    private final Dropout dropout;
    private final Tensor dropped; // [R, C]
    private final Operand dBranch; // [R, C]

    ResidualProjection(LayerContext context, Linear linear, Dropout dropout) {
        Scratch scratch = context.scratch();
        this.kernels = context.kernels();
        this.axis = context.axis();
        this.linear = linear;
        this.dropout = dropout;
        this.dropped = scratch.dropped();
        this.dBranch = scratch.dBranch();
    }

    /**
     * Overwrites out, which is not x.
     *
     * @param x [R, C]
     * @param h [R, in]
     */
    void forward(Pass pass, Tensor x, Operand h, Tensor out) {
        int rows = pass.rows();
        if (dropout.active(pass) || axis.isSplit()) {
            long elements = (long) rows * linear.out();
            linear.forward(rows, h, null, out);
            axis.sum(elements, out);
            if (dropout.active(pass)) {
                dropout.apply(pass, elements, out);
            }
            kernels.elementwise().add(elements, x, out);
        } else {
            linear.forward(rows, h, x, out);
        }
    }

    /** Overwrites dh [R, in]; dOut [R, C] stays, for it is also the gradient of x. */
    void backward(Pass pass, Operand h, Tensor dOut, Tensor dh) {
        linear.backward(pass, h, branch(pass, dOut), dh);
    }

    /** As the other, on to the gradient of raised, of whose activation h was the result. */
    Operand backwardActivated(Pass pass, Operand h, Tensor dOut, Epilogue activation, Operand raised, Operand dRaised) {
        return linear.backwardActivated(pass, h, branch(pass, dOut), activation, raised, dRaised);
    }

    /** The gradient of the branch, before dropout. */
    private Operand branch(Pass pass, Tensor dOut) {
        int rows = pass.rows();
        Tensor gradient = dOut;
        if (dropout.active(pass)) {
            dropped.view(0, rows, linear.out()).copyFrom(dOut.view(0, rows, linear.out()));
            dropout.apply(pass, (long) rows * linear.out(), dropped);
            gradient = dropped;
        }
        kernels.linear().store(rows, gradient, dBranch);
        return dBranch;
    }
}
