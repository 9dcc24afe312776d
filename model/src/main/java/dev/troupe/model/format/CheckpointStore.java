package dev.troupe.model.format;

import dev.troupe.model.TroupeException;
import dev.troupe.model.format.durable.AtomicDirectory;
import dev.troupe.model.format.durable.DirectoryManifest;
import dev.troupe.model.format.durable.DurableFiles;
import dev.troupe.model.format.shards.StateKind;
import dev.troupe.model.optim.OptimizerState;
import dev.troupe.model.transformer.ParameterSpec;
import dev.troupe.model.transformer.Parameters;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of a run: directories {@code step-00000100}, each a model directory that any tool loads plus
 * optimizer.safetensors and training.json. A checkpoint appears whole or not at all; only the last few are kept. One
 * process writes to a store at a time; its methods block on the disk.
 */
public final class CheckpointStore {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointStore.class);
    private static final int KEEP_ALL = Integer.MAX_VALUE;

    private final Path directory;
    private final int keep;
    private final DurableFiles files;

    /** A store that keeps every checkpoint. */
    public CheckpointStore(Path directory) {
        this(directory, KEEP_ALL);
    }

    /**
     * A store that keeps the last {@code keep} checkpoints; removes what a crash left half-written.
     *
     * @param directory need not exist
     */
    public CheckpointStore(Path directory, int keep) {
        this(directory, keep, DurableFiles.LOCAL);
    }

    CheckpointStore(Path directory, int keep, DurableFiles files) {
        if (keep < 1) {
            throw new IllegalArgumentException("checkpoint.keep (" + keep + ") must be at least 1");
        }
        this.directory = directory;
        this.keep = keep;
        this.files = files;
        try {
            for (Path removed : AtomicDirectory.removeLeftovers(files, directory)) {
                LOG.info("Removed {}, left by a run that was stopped while it wrote a checkpoint", removed);
            }
        } catch (IOException e) {
            throw new TroupeException("the checkpoints in " + directory + " cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * Writes a checkpoint and then removes those that are too many. When it fails, nothing of it is left and the older
     * ones are untouched.
     *
     * @return its directory
     * @throws TroupeException when the disk is full or not writable
     */
    public Path write(CheckpointContents contents) {
        long step = contents.training().step();
        Path target = CheckpointNames.path(directory, step);
        try {
            AtomicDirectory.publish(files, target, out -> {
                ModelDirectory.writeFiles(out, contents.config(), contents.weights(), contents.tokenizer());
                OptimizerFile.write(out, contents.weights().layout(), contents.optimizer());
                out.write(
                        TrainingStateJson.FILE_NAME,
                        TrainingStateJson.toJson(contents.training()).getBytes(StandardCharsets.UTF_8));
                DirectoryManifest.write(out);
            });
        } catch (IOException e) {
            throw writeFailed(target, contents, e);
        }
        prune();
        return target;
    }

    private TroupeException writeFailed(Path target, CheckpointContents contents, IOException e) {
        long megabytes = 3 * contents.weights().layout().size() * Float.BYTES / 1_000_000 + 1;
        String message = String.valueOf(e.getMessage());
        String reason = message.contains("No space left") || message.contains("quota exceeded")
                ? "the disk is full (a checkpoint needs about " + megabytes
                        + " MB); free some space or lower checkpoint.keep"
                : message;
        return new TroupeException(
                "checkpoint " + target + " was not written: " + reason + ". Earlier checkpoints are untouched.", e);
    }

    private void prune() {
        List<Path> all = list();
        for (Path old : all.subList(0, Math.max(0, all.size() - keep))) {
            try {
                AtomicDirectory.remove(files, old);
            } catch (IOException e) {
                LOG.warn("The old checkpoint {} could not be removed: {}", old, e.getMessage());
            }
        }
    }

    /** All checkpoints, damaged ones included, in order of step. */
    public List<Path> list() {
        return CheckpointNames.list(directory);
    }

    /**
     * The last checkpoint whose every file has its checksum.
     *
     * @param warn told of each later checkpoint that is passed over, by name, and what is wrong with it
     */
    public Optional<Path> latestValid(Consumer<String> warn) {
        return latestValid(Long.MAX_VALUE, warn);
    }

    /** The same among those of at most {@code step} steps. */
    public Optional<Path> latestValid(long step, Consumer<String> warn) {
        for (Path checkpoint : list().reversed()) {
            if (CheckpointNames.step(checkpoint).orElseThrow() > step) {
                continue;
            }
            try {
                verify(checkpoint);
                return Optional.of(checkpoint);
            } catch (TroupeException e) {
                warn.accept("checkpoint " + checkpoint + " is passed over: " + e.getMessage());
            }
        }
        return Optional.empty();
    }

    /** Removes the checkpoints of more steps, of a run that goes back to this one. */
    public void removeAfter(long step) {
        CheckpointNames.removeAfter(files, directory, step);
    }

    /**
     * Compares every file of a checkpoint with its checksum.
     *
     * @throws TroupeException naming the first that is missing, cut or changed
     */
    public static void verify(Path checkpoint) {
        DirectoryManifest manifest = DirectoryManifest.read(checkpoint).orElseThrow(() -> notWhole(checkpoint));
        manifest.verify(checkpoint);
    }

    static TroupeException notWhole(Path checkpoint) {
        return new TroupeException(
                checkpoint.resolve(DirectoryManifest.FILE_NAME) + " is missing: the checkpoint is not whole");
    }

    /**
     * Verifies a checkpoint, a mesh's or one process's, and reads it into the tensors of a run.
     *
     * @param weights of the same model as the checkpoint's, whole
     * @param optimizer gets its range of the moments
     * @throws TroupeException when the checkpoint is damaged or of another model
     */
    public static TrainingState load(Path checkpoint, Parameters weights, OptimizerState optimizer) {
        verify(checkpoint);
        try (CheckpointReader reader = CheckpointReader.open(checkpoint)) {
            reader.requireModel(weights.layout().config());
            for (ParameterSpec spec : weights.layout().specs()) {
                reader.read(StateKind.WEIGHT, spec, 0, weights.get(spec.name()));
                long from = Math.max(spec.offset(), optimizer.from());
                int length = Math.toIntExact(Math.max(0, Math.min(spec.end(), optimizer.to()) - from));
                if (length > 0) {
                    long first = from - spec.offset();
                    long at = from - optimizer.from();
                    reader.read(
                            StateKind.MOMENT1, spec, first, optimizer.moment1().view(at, length));
                    reader.read(
                            StateKind.MOMENT2, spec, first, optimizer.moment2().view(at, length));
                }
            }
            optimizer.setStep(reader.steps());
            return reader.training();
        }
    }

    /** Reads only where a checkpoint's run stood. */
    public static TrainingState readState(Path checkpoint) {
        return ShardedManifest.read(checkpoint)
                .map(ShardedManifest::training)
                .orElseGet(() -> TrainingStateJson.read(checkpoint.resolve(TrainingStateJson.FILE_NAME)));
    }
}
