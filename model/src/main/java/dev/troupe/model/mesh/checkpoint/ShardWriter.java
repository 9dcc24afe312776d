package dev.troupe.model.mesh.checkpoint;

import dev.troupe.model.TroupeException;
import dev.troupe.model.format.durable.AtomicFile;
import dev.troupe.model.format.durable.DurableFiles;
import dev.troupe.model.format.durable.FileDigest;
import dev.troupe.model.format.shards.ShardFiles;
import dev.troupe.model.format.shards.ShardPiece;
import dev.troupe.model.format.shards.StateKind;
import dev.troupe.model.mesh.RankLayout;
import dev.troupe.model.mesh.RankLayout.OwnedPiece;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;

/**
 * Writes what a rank owns to its file of a checkpoint, from a snapshot, while training goes on. Ranks write on their
 * own, each from its machine; the directory is on a file system that all of them share.
 */
public final class ShardWriter {
    private final DurableFiles files;

    public ShardWriter() {
        this(DurableFiles.LOCAL);
    }

    ShardWriter(DurableFiles files) {
        this.files = files;
    }

    /**
     * Writes the file, and returns once it is on the disk. Blocks; the snapshot must stay as it is meanwhile.
     *
     * @param directory of the checkpoint, which {@link MeshCheckpointStore#begin} made
     * @return for the manifest; empty where other ranks write all that this one holds
     * @throws TroupeException when the disk is full or not writable; there is no file then
     */
    public Optional<ShardFile> write(Path directory, ShardSnapshot snapshot) {
        List<ShardFiles.Shard> shards = shards(snapshot);
        if (shards.isEmpty()) {
            return Optional.empty();
        }
        String name = fileName(snapshot.layout().rank());
        Path partial = directory.resolve("." + name + "." + UUID.randomUUID() + ".partial"); // a lost rank may go on
        try {
            FileDigest digest = AtomicFile.publish(
                    files, partial, directory.resolve(name), out -> ShardFiles.write(out, snapshot.step(), shards));
            return Optional.of(new ShardFile(name, snapshot.step(), digest));
        } catch (IOException e) {
            String message = String.valueOf(e.getMessage());
            boolean full = message.contains("No space left") || message.contains("quota exceeded");
            throw new TroupeException(
                    "rank " + snapshot.layout().rank() + " could not write " + directory.resolve(name) + ": "
                            + (full
                                    ? "the disk is full (this file needs about "
                                            + (snapshot.bytes() / 1_000_000 + 1)
                                            + " MB); free some space or lower checkpoint.keep"
                                    : message)
                            + ". Earlier checkpoints are untouched.",
                    e);
        }
    }

    private static List<ShardFiles.Shard> shards(ShardSnapshot snapshot) {
        List<ShardFiles.Shard> shards = new ArrayList<>();
        for (StateKind kind : StateKind.values()) {
            for (OwnedPiece owned : snapshot.layout().pieces()) {
                if (owned.first()) {
                    shards.add(new ShardFiles.Shard(
                            kind,
                            owned.spec().name(),
                            new ShardPiece(owned.spec().slice(), owned.from(), owned.from() + owned.length()),
                            snapshot.elements(kind, owned.shardOffset(), owned.length())));
                }
            }
        }
        return shards;
    }

    /** Whether a rank has anything to write that no other does. */
    public static boolean writes(RankLayout layout) {
        return layout.pieces().stream().anyMatch(OwnedPiece::first);
    }

    /** The name of a rank's file. */
    static String fileName(int rank) {
        return String.format(Locale.ROOT, "rank-%05d.safetensors", rank);
    }
}
