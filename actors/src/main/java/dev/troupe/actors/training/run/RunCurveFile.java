package dev.troupe.actors.training.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The curve of a run that goes on: each reading adds the lines that have come since the one before. A file that takes
 * the place of another, as when somebody else leads the run from then on, is read from its beginning. Thread-safe;
 * blocks on the disk.
 */
public final class RunCurveFile {
    private static final int CHUNK = 1 << 20;

    private final Path metrics;
    private RunCurve curve = new RunCurve();
    private @Nullable Object file; // which one was read, as the file system knows it
    private long offset; // of what was read, in whole lines

    /** @param metrics of the run; need not exist yet */
    public RunCurveFile(Path metrics) {
        this.metrics = metrics;
    }

    /** The curve as the file has it now. */
    public synchronized RunCurve.View read() {
        try {
            BasicFileAttributes now = Files.readAttributes(metrics, BasicFileAttributes.class);
            if (!Objects.equals(now.fileKey(), file) || now.size() < offset) {
                curve = new RunCurve();
                file = now.fileKey();
                offset = 0;
            }
            addNewLines();
        } catch (NoSuchFileException e) {
            curve = new RunCurve();
            offset = 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return curve.view();
    }

    private void addNewLines() throws IOException {
        try (SeekableByteChannel in = Files.newByteChannel(metrics)) {
            byte[] bytes = new byte[CHUNK];
            int added;
            do {
                in.position(offset);
                ByteBuffer buffer = ByteBuffer.wrap(bytes);
                while (buffer.hasRemaining() && in.read(buffer) >= 0) {
                    // until it is full or the file ends
                }
                added = addLines(bytes, buffer.position());
                offset += added;
            } while (added > 0);
        }
    }

    /** Adds the whole lines of what was read; returns their bytes. */
    private int addLines(byte[] bytes, int length) {
        int start = 0;
        for (int i = 0; i < length; i++) {
            if (bytes[i] == '\n') {
                MetricsFile.parse(new String(bytes, start, i - start, StandardCharsets.UTF_8))
                        .ifPresent(curve::add);
                start = i + 1;
            }
        }
        return start;
    }
}
