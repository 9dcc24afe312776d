package dev.troupe.model.mesh.checkpoint;

import dev.troupe.model.format.durable.FileDigest;

/**
 * A rank's file of a checkpoint, on the disk.
 *
 * @param name in the checkpoint's directory
 * @param step that it is of
 */
public record ShardFile(String name, long step, FileDigest digest) {}
