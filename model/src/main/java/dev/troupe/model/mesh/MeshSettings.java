package dev.troupe.model.mesh;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.optim.AdamWOptions;
import dev.troupe.model.parallel.TensorShard;

/**
 * What all ranks of a training agree on.
 *
 * @param model the whole model
 * @param batch sequences of a micro-batch
 * @param time tokens of a sequence
 * @param accumulation micro-batches of a step, of all ranks of the data axis together; the most, where steps differ
 * @param recomputeLayers 0 keeps activations; k keeps only the input of every k-th layer and computes the rest again
 * @param seed of weights and dropout
 */
public record MeshSettings(
        ModelConfig model,
        Mesh mesh,
        ZeroStage zero,
        int batch,
        int time,
        int accumulation,
        int recomputeLayers,
        AdamWOptions optimizer,
        long seed) {
    /** Complains about what cannot be split. */
    public MeshSettings {
        if (accumulation % mesh.data() != 0) {
            throw new TroupeException("train.accumulation = " + accumulation + " micro-batches cannot be dealt to"
                    + " mesh.data = " + mesh.data() + " replicas: make it a multiple");
        }
        if (mesh.tensor() > 1) {
            new TensorShard(0, mesh.tensor()).of(model);
        }
        StageSplit.of(model, 0, mesh.pipeline());
    }

    /** Most micro-batches of one replica in a step. */
    public int microBatches() {
        return accumulation / mesh.data();
    }
}
