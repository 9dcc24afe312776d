package dev.troupe.model.layer;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.gemm.Epilogue;
import dev.troupe.model.kernel.gemm.Transpose;
import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** y = x · Wᵀ + b, with W [out, in]. */
public final class Linear {
    private final Kernels kernels;
    private final Affine weights;
    private final @Nullable Affine gradients;
    private final int in;
    private final int out;

    /** A layer over these parameters; {@code gradients} is null when there will be no backward pass. */
    public Linear(Kernels kernels, Affine weights, @Nullable Affine gradients) {
        this.kernels = kernels;
        this.weights = weights;
        this.gradients = gradients;
        this.out = weights.weight().dim(0);
        this.in = weights.weight().dim(1);
    }

    public int in() {
        return in;
    }

    public int out() {
        return out;
    }

    /** y [R, out] = x [R, in] · Wᵀ (+ residual [R, out]) + b. */
    public void forward(int rows, Tensor x, @Nullable Tensor residual, Tensor y) {
        kernels.gemm()
                .multiplyAdd(
                        Transpose.NO,
                        Transpose.YES,
                        rows,
                        out,
                        in,
                        x,
                        in,
                        weights.weight(),
                        in,
                        y,
                        out,
                        residual,
                        weights.bias());
    }

    /** {@link #forward} without a residual, and y [R, out or half of it] = the activation of it, in one pass. */
    void forwardActivated(int rows, Tensor x, Tensor raised, Epilogue epilogue, Tensor y) {
        kernels.gemm()
                .multiplyActivate(
                        Transpose.NO,
                        Transpose.YES,
                        rows,
                        out,
                        in,
                        x,
                        in,
                        weights.weight(),
                        in,
                        raised,
                        weights.bias(),
                        epilogue,
                        y,
                        kernels.activation());
    }

    /** Adds to dW (or overwrites it, as the pass says) and to db, and overwrites dx [R, in]. */
    public void backward(Pass pass, Tensor x, Tensor dy, Tensor dx) {
        int rows = pass.rows();
        boolean add = !pass.overwritesGradients();
        kernels.gemm()
                .multiply(Transpose.NO, Transpose.NO, rows, in, out, dy, out, weights.weight(), in, dx, in, false);
        Affine g = Gradients.required(gradients);
        kernels.gemm().multiply(Transpose.YES, Transpose.NO, out, in, rows, dy, out, x, in, g.weight(), in, add);
        Tensor dBias = g.bias();
        if (dBias != null) {
            kernels.elementwise().biasBackward(rows, out, dy, dBias);
        }
    }
}
