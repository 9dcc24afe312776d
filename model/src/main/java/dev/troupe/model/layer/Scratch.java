package dev.troupe.model.layer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.attention.AttentionShape;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;

/**
 * Buffers that no layer keeps anything in between its own calls, so that all layers of a stage share them.
 *
 * @param dropped [R, C], a residual branch or its gradient under dropout
 * @param dNormed [R, C]
 * @param dFused [R, (H + 2·KV)·D]
 * @param dHeads [R, H·D]
 * @param dInner [R, F]
 */
public record Scratch(Tensor dropped, Tensor dNormed, Tensor dFused, Tensor dHeads, Tensor dInner) {
    /** Buffers for micro batches of up to {@code maxRows} rows; without a backward pass its buffers are empty. */
    public static Scratch allocate(ModelConfig config, int maxRows, boolean backward, TensorArena arena) {
        AttentionShape shape = AttentionShape.of(config);
        int rows = backward ? maxRows : 0;
        return new Scratch(
                arena.allocate(config.dropout() > 0 ? maxRows : 0, config.dim()),
                arena.allocate(rows, config.dim()),
                arena.allocate(rows, shape.fusedWidth()),
                arena.allocate(rows, shape.queryWidth()),
                arena.allocate(rows, config.ffnDim()));
    }
}
