package dev.troupe.model.layer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.gemm.Epilogue;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.jspecify.annotations.Nullable;

/** The MLP half of a block: out = x + down(activate(up(norm(x)))), with GELU or SwiGLU. */
final class FeedForward {
    private final Kernels kernels;
    private final MlpKind kind;
    private final int width;
    private final Norm norm;
    private final Linear up;
    private final ResidualProjection down;
    private final Scratch scratch;
    private final Tensor normed;
    private final Tensor raised;
    private final Tensor inner;

    FeedForward(
            ModelConfig config,
            Kernels kernels,
            BlockParts weights,
            @Nullable BlockParts gradients,
            Dropout dropout,
            Scratch scratch,
            BlockActivations activations,
            int maxRows,
            TensorArena arena) {
        this.kernels = kernels;
        this.kind = config.mlp();
        this.width = config.ffnDim();
        this.scratch = scratch;
        this.norm = new Norm(
                config, kernels, weights.mlpNorm(), gradients == null ? null : gradients.mlpNorm(), maxRows, arena);
        this.up = new Linear(kernels, weights.up(), gradients == null ? null : gradients.up());
        Linear projection = new Linear(kernels, weights.down(), gradients == null ? null : gradients.down());
        this.down = new ResidualProjection(kernels, projection, dropout, scratch);
        this.normed = activations.mlpInput();
        this.raised = activations.raised();
        this.inner = activations.inner();
    }

    /** Overwrites out [R, C]; x is needed again by {@link #backward}. */
    void forward(Pass pass, Tensor x, Tensor out) {
        int rows = pass.rows();
        norm.forward(rows, x, normed);
        Epilogue activation = switch (kind) {
            case GELU -> Epilogue.GELU;
            case SWIGLU -> Epilogue.SWIGLU;
        };
        up.forwardActivated(rows, normed, raised, activation, inner);
        down.forward(pass, x, inner, out);
    }

    /** Turns d, the gradient of out [R, C], into the gradient of x. */
    void backward(Pass pass, Tensor x, Tensor d) {
        int rows = pass.rows();
        down.backward(pass, inner, d, scratch.dInner());
        Tensor dRaised = switch (kind) {
            case GELU -> {
                Tensor dInner = scratch.dInner();
                kernels.activation().geluBackward((long) rows * width, raised, dInner, dInner);
                yield dInner;
            }
            case SWIGLU -> {
                kernels.activation().swigluBackward(rows, width, raised, scratch.dInner(), raised);
                yield raised; // its activations are not needed again
            }
        };
        up.backward(pass, normed, dRaised, scratch.dNormed());
        norm.backward(rows, x, scratch.dNormed(), d);
    }
}
