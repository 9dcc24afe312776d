package dev.troupe.model.layer;

import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.gemm.Epilogue;
import dev.troupe.model.kernel.linear.LinearWeight;
import dev.troupe.model.kernel.linear.Operand;
import dev.troupe.model.kernel.linear.WeightVersion;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.jspecify.annotations.Nullable;

/** y = x · Wᵀ + b, with W [out, in]. */
public final class Linear {
    private final Kernels kernels;
    private final Affine weights;
    private final @Nullable Affine gradients;
    private final LinearWeight weight;

    /**
     * A layer over these parameters.
     *
     * @param gradients null when there will be no backward pass
     * @param version of the weights
     * @param arena of a copy that products may need
     */
    public Linear(
            Kernels kernels, Affine weights, @Nullable Affine gradients, WeightVersion version, TensorArena arena) {
        this.kernels = kernels;
        this.weights = weights;
        this.gradients = gradients;
        this.weight = kernels.linear().weight(weights.weight(), version, gradients != null, arena);
    }

    public int out() {
        return weight.out();
    }

    /** y [R, out] = x [R, in] · Wᵀ (+ residual [R, out]) + b. */
    public void forward(int rows, Operand x, @Nullable Tensor residual, Tensor y) {
        kernels.linear().forward(rows, x, weight, weights.bias(), residual, y);
    }

    /** {@link #forward} without a residual, and y [R, out or half of it] = the activation of it, in one pass. */
    void forwardActivated(int rows, Operand x, Operand raised, Epilogue activation, Operand y) {
        kernels.linear().forwardActivated(rows, x, weight, weights.bias(), activation, raised, y);
    }

    /** Adds to dW (or overwrites it, as the pass says) and to db, and overwrites dx [R, in]. */
    public void backward(Pass pass, Operand x, Operand dy, Tensor dx) {
        kernels.linear().inputGradient(pass.rows(), dy, weight, dx);
        weightGradient(pass, x, dy);
    }

    /** As {@link #backward}, on to the gradient of raised, of whose activation x was the result. */
    Operand backwardActivated(Pass pass, Operand x, Operand dy, Epilogue activation, Operand raised, Operand dRaised) {
        weightGradient(pass, x, dy);
        return kernels.linear().activatedInputGradient(pass.rows(), dy, weight, activation, raised, dRaised);
    }

    private void weightGradient(Pass pass, Operand x, Operand dy) {
        Affine g = Gradients.required(gradients);
        boolean add = !pass.overwritesGradients();
        kernels.linear().weightGradient(pass.rows(), dy, x, g.weight(), add, g.bias());
    }
}
