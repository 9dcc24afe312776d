/**
 * Checkpoints of a mesh, in memory and on disk.
 *
 * <p>In memory: a {@link dev.troupe.model.mesh.checkpoint.ShardSnapshot} is a rank's own weights and moments in one
 * tensor, taken between two steps. It restores the rank or a replica of it, also from a peer that kept it.
 *
 * <p>On disk: a directory {@code step-00000042}, where the number is that of optimizer steps taken, with
 *
 * <ul>
 *   <li>{@code rank-00003.safetensors} of each rank that has something that no rank before it writes, in the format of
 *       {@link dev.troupe.model.format.shards}. Each element of the model is in one file: of the replicas of the data
 *       axis the first writes, or with ZeRO each its slice; of a parameter that is whole on all ranks of the tensor
 *       axis the first has it; a tied table is written by the first stage and not by the last
 *   <li>{@code tokenizer.json}
 *   <li>{@code manifest.json}, written last ({@link dev.troupe.model.format.ShardedManifest}): bytes and SHA-256 of the
 *       other files, the mesh, the model, and where the run stood. Without it the directory is not a checkpoint
 * </ul>
 *
 * <p>Every file is written under a hidden name, synced, and renamed; then its directory is synced. Who reads takes from
 * any of the files what its own rank needs, so the reader's mesh need not be the writer's, nor need the reader be a
 * mesh: {@link dev.troupe.model.format.CheckpointReader} reads this form and that of one process alike.
 */
@NullMarked
package dev.troupe.model.mesh.checkpoint;

import org.jspecify.annotations.NullMarked;
