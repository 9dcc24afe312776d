package dev.troupe.actors.training.run;

/** What a run computes with: this process, or the trainer nodes of a cluster. */
public sealed interface RunParts permits LocalParts, MeshParts {
    /** Windows that an evaluation takes at once. */
    int evaluationBatch();
}
