package dev.troupe.actors.training.run;

import dev.troupe.model.mesh.Mesh;

/**
 * The nodes that there are have not the memory for a run's mesh any more, or have it again.
 *
 * @param mesh that it goes on with, from its latest checkpoint
 */
public record Reshaping(Mesh mesh, String reason) implements NextAttempt {}
