package dev.troupe.model.layer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.linear.Operand;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.jspecify.annotations.Nullable;

/** RMSNorm or LayerNorm over rows of [R, C]; keeps the statistics of each row for the backward pass. */
public final class Norm {
    private final Kernels kernels;
    private final NormKind kind;
    private final int dim;
    private final float epsilon;
    private final Affine weights;
    private final @Nullable Affine gradients;
    private final Tensor mean; // [R]
    private final Tensor rstd; // [R]

    public Norm(
            ModelConfig config,
            Kernels kernels,
            Affine weights,
            @Nullable Affine gradients,
            int maxRows,
            TensorArena arena) {
        this.kernels = kernels;
        this.kind = config.norm();
        this.dim = config.dim();
        this.epsilon = config.normEpsilon();
        this.weights = weights;
        this.gradients = gradients;
        this.mean = arena.allocate(maxRows);
        this.rstd = arena.allocate(maxRows);
    }

    /** Overwrites y [R, C]. */
    public void forward(int rows, Tensor x, Tensor y) {
        switch (kind) {
            case RMS -> kernels.normalization().rmsForward(rows, dim, epsilon, x, weights.weight(), y, rstd);
            case LAYER ->
                kernels.normalization()
                        .layerForward(rows, dim, epsilon, x, weights.weight(), weights.bias(), y, mean, rstd);
        }
    }

    /** Overwrites y [R, C], an operand; {@code staging} as {@link Operand#target} may need it. */
    void forward(int rows, Tensor x, Operand y, Tensor staging) {
        Tensor target = y.target(staging);
        forward(rows, x, target);
        kernels.linear().store(rows, target, y);
    }

    /** Adds to dx [R, C] and to the gradients of weight and bias. */
    public void backward(int rows, Tensor x, Tensor dy, Tensor dx) {
        Affine g = Gradients.required(gradients);
        switch (kind) {
            case RMS -> kernels.normalization().rmsBackward(rows, dim, x, weights.weight(), rstd, dy, dx, g.weight());
            case LAYER ->
                kernels.normalization()
                        .layerBackward(rows, dim, x, weights.weight(), mean, rstd, dy, dx, g.weight(), g.bias());
        }
    }
}
