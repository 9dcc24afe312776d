package dev.troupe.model.mesh.checkpoint;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.format.CheckpointNames;
import dev.troupe.model.format.CheckpointReader;
import dev.troupe.model.format.CheckpointStore;
import dev.troupe.model.format.ShardedManifest;
import dev.troupe.model.format.TrainingState;
import dev.troupe.model.format.durable.AtomicDirectory;
import dev.troupe.model.format.durable.AtomicFile;
import dev.troupe.model.format.durable.DirectoryManifest;
import dev.troupe.model.format.durable.DurableFiles;
import dev.troupe.model.format.durable.FileDigest;
import dev.troupe.model.format.shards.StateKind;
import dev.troupe.model.mesh.MeshSettings;
import dev.troupe.model.mesh.RankLayout;
import dev.troupe.model.mesh.RankLayout.OwnedPiece;
import dev.troupe.model.mesh.RankState;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.stream.WholeWrites;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.tokenizer.TokenizerJson;
import dev.troupe.model.transformer.ParameterSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of a mesh: directories {@code step-00000100} with a file of each rank and a manifest, which is
 * written last and makes it a checkpoint. One process has a store and writes one checkpoint at a time: {@link #begin},
 * then every rank its file ({@link ShardWriter}), then {@link #publish}. Any rank of any mesh reads ({@link #restore}),
 * and also what one process wrote ({@link CheckpointStore}). Methods block on the disk.
 */
public final class MeshCheckpointStore {
    private static final Logger LOG = LoggerFactory.getLogger(MeshCheckpointStore.class);
    private static final String TOKENIZER = "tokenizer.json";
    private static final String REPLACED = ".replaced"; // as AtomicDirectory has it

    /** A checkpoint that was found to be whole, and where its run stood. */
    public record Found(Path directory, TrainingState training) {}

    private final Path directory;
    private final int keep;
    private final DurableFiles files;

    /**
     * A store that keeps the last {@code keep} checkpoints; removes what a crash left of a replacement.
     *
     * @param directory need not exist
     */
    public MeshCheckpointStore(Path directory, int keep) {
        this(directory, keep, DurableFiles.LOCAL);
    }

    MeshCheckpointStore(Path directory, int keep, DurableFiles files) {
        if (keep < 1) {
            throw new IllegalArgumentException("checkpoint.keep (" + keep + ") must be at least 1");
        }
        this.directory = directory;
        this.keep = keep;
        this.files = files;
        try {
            undoUnfinishedReplacements();
            AtomicDirectory.removeLeftovers(files, directory);
        } catch (IOException e) {
            throw new TroupeException("the checkpoints in " + directory + " cannot be read: " + e.getMessage(), e);
        }
    }

    private void undoUnfinishedReplacements() throws IOException {
        for (Path checkpoint : CheckpointNames.list(directory)) {
            if (Files.exists(replaced(checkpoint)) && !hasManifest(checkpoint)) {
                files.deleteRecursively(checkpoint);
            }
        }
    }

    private static Path replaced(Path checkpoint) {
        return checkpoint.resolveSibling("." + checkpoint.getFileName() + REPLACED);
    }

    private static boolean hasManifest(Path checkpoint) {
        return Files.exists(checkpoint.resolve(DirectoryManifest.FILE_NAME));
    }

    /**
     * Makes the empty directory of a checkpoint. What an earlier attempt left there goes; a whole checkpoint of the
     * same step is kept aside until the new one is whole.
     */
    public Path begin(long step) {
        Path target = CheckpointNames.path(directory, step);
        try {
            if (hasManifest(target)) {
                files.deleteRecursively(replaced(target));
                files.rename(target, replaced(target));
            } else {
                files.deleteRecursively(target);
            }
            files.createDirectories(target);
            files.sync(directory);
            return target;
        } catch (IOException e) {
            throw new TroupeException(
                    "checkpoint " + target + " cannot be begun: " + e.getMessage() + "; is the disk full or read-only?",
                    e);
        }
    }

    /**
     * Makes a checkpoint of what the ranks have written, and then removes those that are too many. When it fails, or
     * never happens, the step has none and the earlier ones are untouched.
     *
     * @param settings of the mesh
     * @param training where the run stood when the snapshots were taken
     * @param shards of all ranks that had something to write
     * @return its directory
     * @throws TroupeException when a rank's file is missing or of another step, or the disk is full
     */
    public Path publish(
            MeshSettings settings, Tokenizer tokenizer, TrainingState training, Collection<ShardFile> shards) {
        Path target = CheckpointNames.path(directory, training.step());
        try {
            Map<String, FileDigest> digests = requireAll(settings, target, training.step(), shards);
            digests.put(
                    TOKENIZER,
                    write(target, TOKENIZER, TokenizerJson.toWire(tokenizer).getBytes(StandardCharsets.UTF_8)));
            removeOthers(target, digests.keySet());
            ShardedManifest manifest = new ShardedManifest(
                    training.step(),
                    settings.mesh().toString(),
                    settings.zero().number(),
                    settings.model(),
                    TOKENIZER,
                    training,
                    new DirectoryManifest(digests));
            write(target, DirectoryManifest.FILE_NAME, manifest.toBytes(tokenizer));
            files.deleteRecursively(replaced(target));
        } catch (IOException e) {
            throw new TroupeException(
                    "checkpoint " + target + " was not written: " + e.getMessage()
                            + ". Earlier checkpoints are untouched.",
                    e);
        }
        prune(training.step());
        return target;
    }

    private FileDigest write(Path target, String name, byte[] bytes) throws IOException {
        return AtomicFile.publish(
                files,
                target.resolve("." + name + ".partial"),
                target.resolve(name),
                out -> WholeWrites.write(out, ByteBuffer.wrap(bytes)));
    }

    private static Map<String, FileDigest> requireAll(
            MeshSettings settings, Path target, long step, Collection<ShardFile> shards) throws IOException {
        Map<String, FileDigest> digests = new TreeMap<>();
        for (ShardFile shard : shards) {
            Path file = target.resolve(shard.name());
            if (shard.step() != step) {
                throw new TroupeException("checkpoint " + target + " is not whole: " + shard.name() + " is of step "
                        + shard.step() + ", not of " + step);
            }
            if (!Files.exists(file) || Files.size(file) != shard.digest().bytes()) {
                throw new TroupeException("checkpoint " + target + " is not whole: " + shard.name()
                        + " is not there as it was written; do all ranks share this file system?");
            }
            digests.put(shard.name(), shard.digest());
        }
        for (int rank = 0; rank < settings.mesh().ranks(); rank++) {
            boolean isThere = digests.containsKey(ShardWriter.fileName(rank));
            if (isThere != ShardWriter.writes(RankLayout.of(settings, rank))) {
                throw new TroupeException("checkpoint " + target + " is not whole: "
                        + (isThere ? "rank " + rank + " has written, but has" : "the file of rank " + rank + " is")
                        + (isThere ? " nothing of its own" : " missing"));
            }
        }
        return digests;
    }

    /** What a rank that was lost has left. */
    private void removeOthers(Path target, Set<String> names) throws IOException {
        Set<String> wanted = new HashSet<>(names);
        wanted.add(DirectoryManifest.FILE_NAME);
        List<Path> others;
        try (Stream<Path> entries = Files.list(target)) {
            others = entries.filter(entry -> !wanted.contains(String.valueOf(entry.getFileName())))
                    .toList();
        }
        for (Path other : others) {
            files.deleteRecursively(other);
        }
    }

    /** Keeps the newest whole ones up to this step; earlier ones that were never finished go too. */
    private void prune(long step) {
        int kept = 0;
        for (Path checkpoint : list().reversed()) {
            if (CheckpointNames.step(checkpoint).orElseThrow() > step) {
                continue;
            }
            if (hasManifest(checkpoint) && kept < keep) {
                kept++;
                continue;
            }
            try {
                AtomicDirectory.remove(files, checkpoint);
            } catch (IOException e) {
                LOG.warn("The old checkpoint {} could not be removed: {}", checkpoint, e.getMessage());
            }
        }
    }

    /** Removes the checkpoints of more steps, of a run that goes back to this one. */
    public void removeAfter(long step) {
        CheckpointNames.removeAfter(files, directory, step);
    }

    /** All checkpoints, damaged and unfinished ones included, in order of step. */
    public List<Path> list() {
        return CheckpointNames.list(directory);
    }

    /**
     * The last checkpoint of a model, of either kind, that is whole: every file has its checksum, and together they
     * have every element once.
     *
     * @param model that the run trains
     * @param warn told of each later checkpoint that is passed over, by name, and what is wrong with it
     */
    public Optional<Found> latestValid(ModelConfig model, Consumer<String> warn) {
        return latestValid(model, Long.MAX_VALUE, warn);
    }

    /** The same among those of at most {@code step} steps. */
    public Optional<Found> latestValid(ModelConfig model, long step, Consumer<String> warn) {
        for (Path checkpoint : list().reversed()) {
            if (CheckpointNames.step(checkpoint).orElseThrow() > step) {
                continue;
            }
            try {
                return Optional.of(new Found(checkpoint, requireWhole(checkpoint, model)));
            } catch (TroupeException e) {
                warn.accept(passedOver(checkpoint, String.valueOf(e.getMessage())));
            }
        }
        return Optional.empty();
    }

    /** Names a checkpoint that is not used, and what is wrong with it. */
    public static String passedOver(Path checkpoint, String wrong) {
        return "checkpoint " + checkpoint + " is passed over: " + wrong;
    }

    /**
     * Compares the checksums of all files of a checkpoint of either kind, and that they have every element once.
     *
     * @return where the run stood
     * @throws TroupeException which says what is wrong with it
     */
    public static TrainingState requireWhole(Path checkpoint, ModelConfig model) {
        CheckpointStore.verify(checkpoint);
        try (CheckpointReader reader = CheckpointReader.open(checkpoint)) {
            reader.requireModel(model);
            reader.requireComplete();
            long named = CheckpointNames.step(checkpoint).orElseThrow();
            if (reader.training().step() != named) {
                throw new TroupeException(checkpoint.resolve(DirectoryManifest.FILE_NAME) + " is of step "
                        + reader.training().step());
            }
            return reader.training();
        }
    }

    /**
     * Reads a rank's weights and moments from a checkpoint of any mesh, or of one process, bit for bit. With ZeRO 1 and
     * 2 all weights are read, so nothing needs to be spread. Checksums are not compared again.
     *
     * @return where the run stood
     * @throws TroupeException when something is missing, or the checkpoint is of another model
     */
    public static TrainingState restore(Path checkpoint, RankState state) {
        try (CheckpointReader reader = CheckpointReader.open(checkpoint)) {
            reader.requireModel(state.layout().config());
            if (!state.zero().splitsWeights()) {
                for (ParameterSpec spec : state.layout().specs()) {
                    reader.read(StateKind.WEIGHT, spec, 0, state.weights().get(spec.name()));
                }
            }
            for (OwnedPiece owned : state.rankLayout().pieces()) {
                if (state.zero().splitsWeights()) {
                    read(reader, StateKind.WEIGHT, owned, state.ownWeights(owned.slice()));
                }
                read(reader, StateKind.MOMENT1, owned, state.moment1(owned.slice()));
                read(reader, StateKind.MOMENT2, owned, state.moment2(owned.slice()));
            }
            state.setStep(reader.steps());
            return reader.training();
        }
    }

    private static void read(CheckpointReader reader, StateKind kind, OwnedPiece owned, Tensor slice) {
        reader.read(kind, owned.spec(), owned.from(), slice.view(owned.sliceOffset(), owned.length()));
    }
}
