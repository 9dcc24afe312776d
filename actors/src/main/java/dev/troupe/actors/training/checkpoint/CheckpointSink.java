package dev.troupe.actors.training.checkpoint;

import dev.troupe.model.format.CheckpointContents;
import java.nio.file.Path;

/** Where checkpoints go: a {@link dev.troupe.model.format.CheckpointStore}, or what a test puts in front of it. */
@FunctionalInterface
public interface CheckpointSink {
    /**
     * Writes a checkpoint whole or not at all; blocks on the disk.
     *
     * @throws dev.troupe.model.TroupeException when it cannot be written
     */
    Path write(CheckpointContents contents);
}
