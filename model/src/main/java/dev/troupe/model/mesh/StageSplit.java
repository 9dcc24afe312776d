package dev.troupe.model.mesh;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.transformer.StageRange;

/** Which layers a pipeline stage has. */
public final class StageSplit {
    private StageSplit() {}

    /**
     * Layers in order, as many for each stage as can be; where they do not divide, the first stages have one more, for
     * the last has the head.
     *
     * @throws TroupeException when there are fewer layers than stages
     */
    public static StageRange of(ModelConfig model, int stage, int stages) {
        int layers = model.numLayers();
        if (stages > layers) {
            throw new TroupeException("mesh.pipeline = " + stages + " is more than the model's " + layers
                    + " layers: a stage needs at least one");
        }
        int even = layers / stages;
        int rest = layers % stages;
        int first = stage * even + Math.min(stage, rest);
        int end = first + even + (stage < rest ? 1 : 0);
        return new StageRange(first, end, stage == 0, stage == stages - 1);
    }
}
