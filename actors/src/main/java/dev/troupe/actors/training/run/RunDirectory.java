package dev.troupe.actors.training.run;

import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** A run's directory, locked for this process until it is closed (or the process ends, however it does). */
public final class RunDirectory implements AutoCloseable {
    private static final String LOCK = "run.lock";

    private final Path path;
    private final FileChannel channel;

    private RunDirectory(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    /**
     * Creates the directory when it is missing, and locks it.
     *
     * @throws TroupeException when another run uses it, or it cannot be written
     */
    public static RunDirectory lock(Path path) {
        Path file = path.resolve(LOCK);
        FileChannel channel = null;
        try {
            Files.createDirectories(path);
            channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            if (tryLock(channel) == null) {
                String owner = Files.readString(file).strip();
                channel.close();
                throw new TroupeException("the run directory " + path + " is in use by process " + owner
                        + ": wait for it, stop it, or use another directory");
            }
            channel.truncate(0);
            channel.write(ByteBuffer.wrap((ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.UTF_8)));
            return new RunDirectory(path, channel);
        } catch (IOException e) {
            closeQuietly(channel, e);
            throw new TroupeException("the run directory " + path + " cannot be written: " + e, e);
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException sameProcess) {
            return null;
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

    /** Where checkpoints are. */
    public Path checkpoints() {
        return path.resolve("checkpoints");
    }

    /** One JSON object a line: see {@link MetricsFile}. */
    public Path metrics() {
        return path.resolve("metrics.jsonl");
    }

    /** The run's {@link dev.troupe.actors.training.TrainingSummary} as JSON. */
    public Path summary() {
        return path.resolve("summary.json");
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
