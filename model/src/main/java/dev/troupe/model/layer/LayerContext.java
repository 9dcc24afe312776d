package dev.troupe.model.layer;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.linear.WeightVersion;
import dev.troupe.model.parallel.TensorAxis;
import dev.troupe.model.tensor.TensorArena;
import org.jspecify.annotations.Nullable;

/**
 * What the layers of a stage are built from.
 *
 * @param config the shape that is computed here: of the model, or of a tensor shard of it
 * @param axis the ranks that compute the other shards
 * @param scratch shared by all layers
 * @param version of the weights
 * @param maxRows most rows of a micro batch
 */
public record LayerContext(
        ModelConfig config,
        Kernels kernels,
        TensorAxis axis,
        Scratch scratch,
        WeightVersion version,
        int maxRows,
        TensorArena arena) {
    /**
     * A layer whose input columns are split: each rank has a part of every sum. The bias, which all of them hold, is
     * added by the first alone.
     */
    Linear rowSplit(Affine weights, @Nullable Affine gradients) {
        Affine own = axis.rank() == 0 ? weights : new Affine(weights.weight(), null);
        return new Linear(kernels, own, gradients, version, arena);
    }

    /** A layer whose outputs are split: each rank computes its own. */
    Linear columnSplit(Affine weights, @Nullable Affine gradients) {
        return new Linear(kernels, weights, gradients, version, arena);
    }

    /** A norm of the residual stream; {@code gradients} is null when there will be no backward pass. */
    public Norm norm(Affine weights, @Nullable Affine gradients) {
        return new Norm(config, kernels, weights, gradients, maxRows, arena);
    }
}
