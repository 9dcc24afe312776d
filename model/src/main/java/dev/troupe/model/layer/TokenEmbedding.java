package dev.troupe.model.layer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.jspecify.annotations.Nullable;

/** The start of the residual stream: token rows, plus position rows where positions are learned, under dropout. */
public final class TokenEmbedding {
    /**
     * The tables, or their gradients.
     *
     * @param tokens [V, C]
     * @param positions [contextLength, C], null when positions are rotary
     */
    public record Tables(Tensor tokens, @Nullable Tensor positions) {}

    private final Kernels kernels;
    private final int dim;
    private final Tables weights;
    private final @Nullable Tables gradients;
    private final Dropout dropout;
    private final Tensor output; // [R, C]

    /** An embedding of these tables; {@code gradients} is null when there will be no backward pass. */
    public TokenEmbedding(
            ModelConfig config,
            Kernels kernels,
            Tables weights,
            @Nullable Tables gradients,
            int maxRows,
            TensorArena arena) {
        this.kernels = kernels;
        this.dim = config.dim();
        this.weights = weights;
        this.gradients = gradients;
        this.dropout = new Dropout(kernels, config.dropout(), 0);
        this.output = arena.allocate(maxRows, dim);
    }

    /** The residual stream [R, C]; valid until the next forward pass. */
    public Tensor forward(Pass pass, int[] tokens) {
        int rows = pass.rows();
        kernels.embedding().gather(rows, dim, tokens, weights.tokens(), output, false);
        Tensor positions = weights.positions();
        if (positions != null) {
            kernels.embedding().gather(rows, dim, pass.positions(), positions, output, true);
        }
        if (dropout.active(pass)) {
            dropout.apply(pass, (long) rows * dim, output);
        }
        return output;
    }

    /** Adds to the tables' gradients; d, the gradient of the output [R, C], is changed by dropout. */
    public void backward(Pass pass, int[] tokens, Tensor d) {
        int rows = pass.rows();
        Tables g = Gradients.required(gradients);
        if (dropout.active(pass)) {
            dropout.apply(pass, (long) rows * dim, d);
        }
        kernels.embedding().scatterAdd(rows, dim, tokens, d, g.tokens());
        if (g.positions() != null) {
            kernels.embedding().scatterAdd(rows, dim, pass.positions(), d, g.positions());
        }
    }
}
