package dev.troupe.actors.training.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.model.TroupeException;
import dev.troupe.model.tensor.stream.WholeWrites;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The metrics of a run, one JSON object a line.
 *
 * <p>The file stays open, and who goes on with a run puts a new file in its place: what a process that stood still
 * meanwhile writes when it wakes goes to the file that is no more.
 */
public final class MetricsFile implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final FileChannel channel;

    private MetricsFile(FileChannel channel) {
        this.channel = channel;
    }

    /** Where the metrics of a run are. */
    public static Path in(Path runDirectory) {
        return runDirectory.resolve("metrics.jsonl");
    }

    /** A file that begins with these lines, in the place of what was there. */
    static MetricsFile create(Path path, List<MetricsLine> lines) {
        Path begun = path.resolveSibling(path.getFileName() + ".tmp");
        FileChannel channel = null;
        try {
            Files.deleteIfExists(begun);
            channel = FileChannel.open(begun, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            MetricsFile file = new MetricsFile(channel);
            file.append(lines);
            Files.move(begun, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return file;
        } catch (IOException e) {
            closeQuietly(channel, e);
            throw new TroupeException("the metrics file " + path + " cannot be replaced: " + e, e);
        }
    }

    private static void closeQuietly(@Nullable FileChannel channel, IOException reason) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
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

    /** A line; empty when a crash has cut it. */
    static Optional<MetricsLine> parse(String line) {
        try {
            return Optional.of(JSON.readValue(line, MetricsLine.class));
        } catch (JsonProcessingException cutByACrash) {
            return Optional.empty();
        }
    }

    /** Adds lines at the end. What is rare and not said twice is on the disk when this returns. */
    void append(List<MetricsLine> lines) throws IOException {
        StringBuilder text = new StringBuilder();
        boolean sync = false;
        for (MetricsLine line : lines) {
            text.append(JSON.writerFor(MetricsLine.class).writeValueAsString(line))
                    .append('\n');
            sync |= !(line instanceof MetricsLine.Step);
        }
        ByteBuffer bytes = ByteBuffer.wrap(text.toString().getBytes(StandardCharsets.UTF_8));
        WholeWrites.write(channel, bytes);
        if (sync) {
            channel.force(false);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
