/** Checkpoints of a mesh: each rank's own state copied in memory, and written to and read from disk by any mesh. */
@NullMarked
package dev.troupe.model.mesh.checkpoint;

import org.jspecify.annotations.NullMarked;
