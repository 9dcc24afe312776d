package dev.troupe.model.layer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;

/**
 * What one block computes on its way forward and reads again on its way back. Blocks that will not go back can share
 * one set: each is done with it when the next begins.
 *
 * @param attentionInput [R, C], normed
 * @param fused [R, (H + 2·KV)·D]
 * @param heads [R, H·D]
 * @param logSumExp [B, H, T]
 * @param between [R, C], the residual stream after the attention
 * @param mlpInput [R, C], normed
 * @param raised [R, F], or [R, 2·F] for SwiGLU
 * @param inner [R, F]
 * @param output [R, C], the residual stream after the block
 */
public record BlockActivations(
        Tensor attentionInput,
        Tensor fused,
        Tensor heads,
        Tensor logSumExp,
        Tensor between,
        Tensor mlpInput,
        Tensor raised,
        Tensor inner,
        Tensor output) {

    /** A set for micro batches of up to {@code maxRows} rows. */
    public static BlockActivations allocate(ModelConfig config, int maxRows, TensorArena arena) {
        AttentionShape shape = AttentionShape.of(config);
        int raisedWidth = config.mlp() == MlpKind.SWIGLU ? 2 * config.ffnDim() : config.ffnDim();
        return new BlockActivations(
                arena.allocate(maxRows, config.dim()),
                arena.allocate(maxRows, shape.fusedWidth()),
                arena.allocate(maxRows, shape.queryWidth()),
                arena.allocate(maxRows, shape.numHeads()),
                arena.allocate(maxRows, config.dim()),
                arena.allocate(maxRows, config.dim()),
                arena.allocate(maxRows, raisedWidth),
                arena.allocate(maxRows, config.ffnDim()),
                arena.allocate(maxRows, config.dim()));
    }
}
