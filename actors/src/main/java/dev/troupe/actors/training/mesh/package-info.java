/**
 * Training on several nodes. A {@link dev.troupe.actors.training.mesh.TrainerNode} on each runs ranks of the mesh, each
 * on a thread of its own; a {@link dev.troupe.actors.training.mesh.MeshRunner} seats ranks on nodes, has them take
 * steps together, and after a failure seats them anew and has them go on from the copies in memory. Messages carry
 * orders and numbers; tensors travel over the data plane.
 */
@NullMarked
package dev.troupe.actors.training.mesh;

import org.jspecify.annotations.NullMarked;
