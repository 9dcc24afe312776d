package dev.troupe.actors.training.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.model.TroupeException;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** The metrics of a run, one JSON object a line. A resume cuts off what a crash left after the checkpoint's step. */
public final class MetricsFile {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path path;

    private MetricsFile(Path path) {
        this.path = path;
    }

    /** A file for a run from step 0: replaces an older one. */
    public static MetricsFile create(Path path) {
        try {
            Files.deleteIfExists(path);
            return new MetricsFile(path);
        } catch (IOException e) {
            throw new TroupeException("the metrics file " + path + " cannot be replaced: " + e, e);
        }
    }

    /** The file of a run that goes on after {@code step}. */
    public static MetricsFile resume(Path path, long step) {
        if (!Files.exists(path)) {
            return new MetricsFile(path);
        }
        Path kept = path.resolveSibling(path.getFileName() + ".tmp");
        try (BufferedReader in = Files.newBufferedReader(path);
                BufferedWriter out = Files.newBufferedWriter(kept)) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (parse(line).filter(it -> it.step() <= step).isPresent()) {
                    out.write(line);
                    out.newLine();
                }
            }
        } catch (IOException e) {
            throw new TroupeException("the metrics file " + path + " cannot be cut at step " + step + ": " + e, e);
        }
        try {
            Files.move(kept, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new TroupeException("the metrics file " + path + " cannot be replaced: " + e, e);
        }
        return new MetricsFile(path);
    }

    /** The losses of the last {@code count} steps up to {@code lastStep}, oldest first. */
    public static List<Double> lastLosses(Path path, int count, long lastStep) {
        Deque<Double> losses = new ArrayDeque<>();
        for (MetricsLine line : read(path)) {
            if (line instanceof MetricsLine.Step step && step.step() <= lastStep) {
                losses.add(step.loss());
                if (losses.size() > count) {
                    losses.remove();
                }
            }
        }
        return List.copyOf(losses);
    }

    /** All lines of a file; none when it does not exist. A last line that a crash has cut is left out. */
    public static List<MetricsLine> read(Path path) {
        List<MetricsLine> lines = new ArrayList<>();
        if (Files.exists(path)) {
            try (BufferedReader in = Files.newBufferedReader(path)) {
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    parse(line).ifPresent(lines::add);
                }
            } catch (IOException e) {
                throw new TroupeException("the metrics file " + path + " cannot be read: " + e, e);
            }
        }
        return lines;
    }

    private static Optional<MetricsLine> parse(String line) {
        try {
            return Optional.of(JSON.readValue(line, MetricsLine.class));
        } catch (JsonProcessingException cutByACrash) {
            return Optional.empty();
        }
    }

    /** Adds lines at the end. */
    void append(List<MetricsLine> lines) throws IOException {
        StringBuilder text = new StringBuilder();
        for (MetricsLine line : lines) {
            text.append(JSON.writerFor(MetricsLine.class).writeValueAsString(line))
                    .append('\n');
        }
        Files.writeString(path, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}
