package dev.troupe.model.format;

import dev.troupe.model.TroupeException;
import dev.troupe.model.format.durable.AtomicDirectory;
import dev.troupe.model.format.durable.DurableFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Where the checkpoints of a run are: {@code step-00000100}, in one directory. */
public final class CheckpointNames {
    private static final Pattern NAME = Pattern.compile("step-(\\d{8,18})");

    private CheckpointNames() {}

    /** The place of a step's checkpoint. */
    public static Path path(Path directory, long step) {
        return directory.resolve(String.format(Locale.ROOT, "step-%08d", step));
    }

    /** The step that a path is named after; empty when it is not the name of a checkpoint. */
    public static OptionalLong step(Path checkpoint) {
        Matcher matcher = NAME.matcher(String.valueOf(checkpoint.getFileName()));
        return matcher.matches() ? OptionalLong.of(Long.parseLong(matcher.group(1))) : OptionalLong.empty();
    }

    /** Removes the checkpoints of more than {@code step} steps, the last one first. */
    public static void removeAfter(DurableFiles files, Path directory, long step) {
        for (Path checkpoint : list(directory).reversed()) {
            if (step(checkpoint).orElseThrow() > step) {
                try {
                    AtomicDirectory.remove(files, checkpoint);
                } catch (IOException e) {
                    throw new TroupeException(
                            "checkpoint " + checkpoint + ", which a run has taken back, cannot be removed: "
                                    + e.getMessage(),
                            e);
                }
            }
        }
    }

    /**
     * All checkpoints, damaged ones included, in order of step.
     *
     * @param directory need not exist
     */
    public static List<Path> list(Path directory) {
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
}
