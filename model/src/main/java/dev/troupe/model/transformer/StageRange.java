package dev.troupe.model.transformer;

import dev.troupe.model.config.ModelConfig;

/** A contiguous range of layers [firstLayer, endLayer), with the embedding (first stage) and the head (last) or not. */
public record StageRange(int firstLayer, int endLayer, boolean hasEmbedding, boolean hasHead) {
    public StageRange {
        if (firstLayer < 0 || endLayer < firstLayer) {
            throw new IllegalArgumentException("not a range of layers: [" + firstLayer + ", " + endLayer + ")");
        }
    }

    /** The whole model in one process. */
    public static StageRange whole(ModelConfig config) {
        return new StageRange(0, config.numLayers(), true, true);
    }

    public int numLayers() {
        return endLayer - firstLayer;
    }

    /** Whether this is {@link #whole}. */
    public boolean isWhole(ModelConfig config) {
        return equals(whole(config));
    }
}
