package dev.troupe.model.transformer;

/**
 * Gives the weights of a model layer by layer, so that not all of them need to be in memory while they are laid out.
 */
@FunctionalInterface
public interface WeightSource {
    /**
     * Weights that hold layer {@code layer}; those of the first layer hold the embedding too, those of the last one the
     * final norm and the head. Valid until the next call.
     */
    StoredWeights layer(int layer);
}
