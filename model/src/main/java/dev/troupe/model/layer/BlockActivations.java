package dev.troupe.model.layer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.kernel.linear.LinearProducts;
import dev.troupe.model.kernel.linear.Operand;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;

/**
 * What one block computes on its way forward and reads again on its way back. Blocks that will not go back can share
 * one set: each is done with it when the next begins.
 *
 * @param attentionInput [R, C], normed
 * @param fused [R, (H + 2·KV)·D]
 * @param heads [R, H·D]
 * @param attended the same, as the projection multiplies it
 * @param logSumExp [B, H, T]
 * @param between [R, C], the residual stream after the attention
 * @param mlpInput [R, C], normed
 * @param raised [R, F], or [R, 2·F] for SwiGLU
 * @param inner [R, F]
 * @param output [R, C], the residual stream after the block
 */
public record BlockActivations(
        Operand attentionInput,
        Tensor fused,
        Tensor heads,
        Operand attended,
        Tensor logSumExp,
        Tensor between,
        Operand mlpInput,
        Operand raised,
        Operand inner,
        Tensor output) {

    /** A set for micro batches of up to {@code maxRows} rows. */
    public static BlockActivations allocate(ModelConfig config, Kernels kernels, int maxRows, TensorArena arena) {
        AttentionShape shape = AttentionShape.of(config);
        LinearProducts linear = kernels.linear();
        return new BlockActivations(
                linear.operand(maxRows, config.dim(), arena),
                arena.allocate(maxRows, shape.fusedWidth()),
                arena.allocate(maxRows, shape.queryWidth()),
                linear.reference(maxRows, shape.queryWidth(), arena),
                arena.allocate(maxRows, shape.numHeads()),
                arena.allocate(maxRows, config.dim()),
                linear.operand(maxRows, config.dim(), arena),
                linear.operand(maxRows, FeedForward.raisedWidth(config), arena),
                linear.operand(maxRows, config.ffnDim(), arena),
                arena.allocate(maxRows, config.dim()));
    }
}
