package dev.troupe.actors.training.run;

import dev.troupe.actors.training.mesh.MeshJob;
import dev.troupe.actors.training.mesh.MeshStart;
import dev.troupe.actors.training.mesh.NodeResources;
import dev.troupe.model.mesh.MeshSettings;
import dev.troupe.model.mesh.checkpoint.MeshCheckpointStore;
import dev.troupe.model.tokenizer.Tokenizer;
import java.util.List;

/**
 * What a run on trainer nodes is made from. Its tensors are theirs.
 *
 * @param start where the ranks' states come from
 */
public record MeshParts(
        MeshJob job, MeshSettings settings, MeshStart start, MeshCheckpointStore checkpoints, Tokenizer tokenizer)
        implements RunParts {
    @Override
    public List<NodeResources> nodes() {
        return List.of(); // they are seated later
    }

    @Override
    public int evaluationBatch() {
        return settings.batch() * settings.mesh().data();
    }
}
