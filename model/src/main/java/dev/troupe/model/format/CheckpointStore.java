package dev.troupe.model.format;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.format.durable.AtomicDirectory;
import dev.troupe.model.format.durable.DirectoryManifest;
import dev.troupe.model.format.durable.DurableFiles;
import dev.troupe.model.optim.OptimizerState;
import dev.troupe.model.transformer.Parameters;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of a run: directories {@code step-00000100}, each a model directory that any tool loads plus
 * optimizer.safetensors and training.json. A checkpoint appears whole or not at all; only the last few are kept. One
 * process writes to a store at a time; its methods block on the disk.
 */
public final class CheckpointStore {
    private static final Logger LOG = LoggerFactory.getLogger(CheckpointStore.class);
    private static final Pattern NAME = Pattern.compile("step-(\\d{8,18})");
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
        Path target = directory.resolve(String.format(Locale.ROOT, "step-%08d", step));
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
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.filter(entry -> step(entry).isPresent())
                    .sorted(Comparator.comparingLong(entry -> step(entry).orElseThrow()))
                    .toList();
        } catch (IOException e) {
            throw new TroupeException("the checkpoints in " + directory + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static Optional<Long> step(Path checkpoint) {
        Matcher matcher = NAME.matcher(String.valueOf(checkpoint.getFileName()));
        return matcher.matches() ? Optional.of(Long.parseLong(matcher.group(1))) : Optional.empty();
    }

    /**
     * The last checkpoint whose every file has its checksum.
     *
     * @param warn told of each later checkpoint that is passed over, by name, and what is wrong with it
     */
    public Optional<Path> latestValid(Consumer<String> warn) {
        for (Path checkpoint : list().reversed()) {
            try {
                verify(checkpoint);
                return Optional.of(checkpoint);
            } catch (TroupeException e) {
                warn.accept("checkpoint " + checkpoint + " is passed over: " + e.getMessage());
            }
        }
        return Optional.empty();
    }

    /**
     * Compares every file of a checkpoint with its checksum.
     *
     * @throws TroupeException naming the first that is missing, cut or changed
     */
    public static void verify(Path checkpoint) {
        DirectoryManifest manifest = DirectoryManifest.read(checkpoint)
                .orElseThrow(() -> new TroupeException(
                        checkpoint.resolve(DirectoryManifest.FILE_NAME) + " is missing: the checkpoint is not whole"));
        manifest.verify(checkpoint);
    }

    /**
     * Verifies a checkpoint and reads it into the tensors of a run.
     *
     * @param weights of the same model as the checkpoint's
     * @param optimizer gets its range of the moments
     * @throws TroupeException when the checkpoint is damaged or of another model
     */
    public static TrainingState load(Path checkpoint, Parameters weights, OptimizerState optimizer) {
        verify(checkpoint);
        ModelConfig stored = HfConfig.read(checkpoint.resolve(HfConfig.FILE_NAME));
        ModelConfig wanted = HfConfig.normalized(weights.layout().config());
        if (!stored.equals(wanted)) {
            throw new TroupeException("checkpoint " + checkpoint + " is of another model than the configuration's: "
                    + stored + " instead of " + wanted);
        }
        SafetensorsWeights.read(checkpoint.resolve(ModelDirectory.WEIGHTS), stored, weights);
        OptimizerFile.read(checkpoint.resolve(OptimizerFile.FILE_NAME), weights.layout(), optimizer);
        return TrainingStateJson.read(checkpoint.resolve(TrainingStateJson.FILE_NAME));
    }

    /** Reads only where a checkpoint's run stood. */
    public static TrainingState readState(Path checkpoint) {
        return TrainingStateJson.read(checkpoint.resolve(TrainingStateJson.FILE_NAME));
    }
}
