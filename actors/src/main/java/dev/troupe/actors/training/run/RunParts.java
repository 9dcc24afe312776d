package dev.troupe.actors.training.run;

import dev.troupe.actors.training.mesh.NodeResources;
import java.util.List;

/** What a run computes with: this process, or the trainer nodes of a cluster. */
public sealed interface RunParts permits LocalParts, MeshParts {
    /** Who computes, as far as that is known before the first step. */
    List<NodeResources> nodes();

    /** Windows that an evaluation takes at once. */
    int evaluationBatch();
}
