package dev.troupe.model.layer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.kernel.gemm.Epilogue;
import dev.troupe.model.kernel.linear.Operand;
import dev.troupe.model.parallel.TensorAxis;
import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The MLP half of a block: out = x + down(activate(up(norm(x)))), with GELU or SwiGLU. */
final class FeedForward {
    private final Epilogue activation;
    private final TensorAxis axis;
    private final Norm norm;
    private final Linear up;
    private final ResidualProjection down;
    private final Scratch scratch;
    private final Operand normed;
    private final Operand raised;
    private final Operand inner;

    FeedForward(
            LayerContext context,
            BlockParts weights,
            @Nullable BlockParts gradients,
            Dropout dropout,
            BlockActivations activations) {
        this.activation = activation(context.config());
        this.axis = context.axis();
        this.scratch = context.scratch();
        this.norm = context.norm(weights.mlpNorm(), gradients == null ? null : gradients.mlpNorm());
        this.up = context.columnSplit(weights.up(), gradients == null ? null : gradients.up());
        Linear projection = context.rowSplit(weights.down(), gradients == null ? null : gradients.down());
        this.down = new ResidualProjection(context, projection, dropout);
        this.normed = activations.mlpInput();
        this.raised = activations.raised();
        this.inner = activations.inner();
    }

    static Epilogue activation(ModelConfig config) {
        return switch (config.mlp()) {
            case GELU -> Epilogue.GELU;
            case SWIGLU -> Epilogue.SWIGLU;
        };
    }

    /** Outputs of the first layer: F, or for SwiGLU 2·F. */
    static int raisedWidth(ModelConfig config) {
        return config.mlp() == MlpKind.SWIGLU ? 2 * config.ffnDim() : config.ffnDim();
    }

    /** Overwrites out [R, C]; x is needed again by {@link #backward}. */
    void forward(Pass pass, Tensor x, Tensor out) {
        int rows = pass.rows();
        norm.forward(rows, x, normed, scratch.normed());
        up.forwardActivated(rows, normed, raised, activation, inner);
        down.forward(pass, x, inner, out);
    }

    /** Turns d, the gradient of out [R, C], into the gradient of x. */
    void backward(Pass pass, Tensor x, Tensor d) {
        Operand dRaised = down.backwardActivated(pass, inner, d, activation, raised, scratch.dRaised());
        up.backward(pass, normed, dRaised, scratch.dNormed());
        axis.sum((long) pass.rows() * scratch.dNormed().dim(1), scratch.dNormed());
        norm.backward(pass.rows(), x, scratch.dNormed(), d);
    }
}
