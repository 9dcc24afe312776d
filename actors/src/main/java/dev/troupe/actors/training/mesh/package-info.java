/**
 * Training on several nodes. A {@link dev.troupe.actors.training.mesh.TrainerNode} on each runs ranks of the mesh, each
 * on a thread of its own; a {@link dev.troupe.actors.training.mesh.MeshRunner} seats ranks on nodes, has them take
 * steps, evaluate and save together, and after a failure seats them anew and has them go on from the copies in memory,
 * or from the latest checkpoint. Messages carry orders and numbers; tensors travel over the data plane, and checkpoints
 * over a file system that all nodes see.
 */
@NullMarked
package dev.troupe.actors.training.mesh;

import org.jspecify.annotations.NullMarked;
