package dev.troupe.model.layer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.gemm.Epilogue;
import dev.troupe.model.kernel.linear.Operand;
import dev.troupe.model.kernel.linear.WeightVersion;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.jspecify.annotations.Nullable;

/** The MLP half of a block: out = x + down(activate(up(norm(x)))), with GELU or SwiGLU. */
final class FeedForward {
    private final Epilogue activation;
    private final Norm norm;
    private final Linear up;
    private final ResidualProjection down;
    private final Scratch scratch;
    private final Operand normed;
    private final Operand raised;
    private final Operand inner;

    FeedForward(
            ModelConfig config,
            Kernels kernels,
            BlockParts weights,
            @Nullable BlockParts gradients,
            Dropout dropout,
            Scratch scratch,
            BlockActivations activations,
            WeightVersion version,
            int maxRows,
            TensorArena arena) {
        this.activation = activation(config);
        this.scratch = scratch;
        this.norm = new Norm(
                config, kernels, weights.mlpNorm(), gradients == null ? null : gradients.mlpNorm(), maxRows, arena);
        this.up = new Linear(kernels, weights.up(), gradients == null ? null : gradients.up(), version, arena);
        Linear projection =
                new Linear(kernels, weights.down(), gradients == null ? null : gradients.down(), version, arena);
        this.down = new ResidualProjection(kernels, projection, dropout, scratch);
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
        norm.backward(pass.rows(), x, scratch.dNormed(), d);
    }
}
