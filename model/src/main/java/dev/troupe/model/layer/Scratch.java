package dev.troupe.model.layer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.kernel.linear.LinearProducts;
import dev.troupe.model.kernel.linear.Operand;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;

/**
 * Buffers that no layer keeps anything in between its own calls, so that all layers of a stage share them.
 *
 * @param dropped [R, C], a residual branch or its gradient under dropout
 * @param normed [R, C], on the way into an operand; empty where norms write operands themselves
 * @param dNormed [R, C]
 * @param dBranch [R, C], the gradient of a residual branch, as products read it
 * @param dFused [R, (H + 2·KV)·D]
 * @param dProjected the same, as products read it
 * @param dHeads [R, H·D]
 * @param dRaised [R, F], or [R, 2·F] for SwiGLU
 */
public record Scratch(
        Tensor dropped,
        Tensor normed,
        Tensor dNormed,
        Operand dBranch,
        Tensor dFused,
        Operand dProjected,
        Tensor dHeads,
        Operand dRaised) {
    /** Buffers for micro batches of up to {@code maxRows} rows; without a backward pass its buffers are empty. */
    public static Scratch allocate(
            ModelConfig config, Kernels kernels, int maxRows, boolean backward, TensorArena arena) {
        AttentionShape shape = AttentionShape.of(config);
        LinearProducts linear = kernels.linear();
        int rows = backward ? maxRows : 0;
        return new Scratch(
                arena.allocate(config.dropout() > 0 ? maxRows : 0, config.dim()),
                linear.staging(maxRows, config.dim(), arena),
                arena.allocate(rows, config.dim()),
                linear.reference(rows, config.dim(), arena),
                arena.allocate(rows, shape.fusedWidth()),
                linear.reference(rows, shape.fusedWidth(), arena),
                arena.allocate(rows, shape.queryWidth()),
                linear.raisedGradient(rows, FeedForward.raisedWidth(config), FeedForward.activation(config), arena));
    }
}
