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

/**
 * A run's directory. A process that trains alone has it locked until it is closed (or the process ends, however it
 * does). The coordinator of a run on a cluster has it until another begins a later term ({@link DecisionLog}): it may
 * stand still for any time, so that no lock would ever be free.
 */
public final class RunDirectory implements AutoCloseable {
    private static final String LOCK = "run.lock";

    private final Path path;
    private final @Nullable FileChannel channel;
    private final @Nullable DecisionLog decisions;

    private RunDirectory(Path path, @Nullable FileChannel channel, @Nullable DecisionLog decisions) {
        this.path = path;
        this.channel = channel;
        this.decisions = decisions;
    }

    /** The directory of a run that a coordinator on a cluster leads. */
    public static RunDirectory led(Path path, DecisionLog decisions) {
        return new RunDirectory(path, null, decisions);
    }

    /**
     * Creates the directory when it is missing, and locks it. A cluster that goes on with the run finds that it must
     * not.
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
            return new RunDirectory(path, channel, DecisionLog.isIn(path) ? takenFromCluster(path) : null);
        } catch (IOException e) {
            closeQuietly(channel, e);
            throw new TroupeException("the run directory " + path + " cannot be written: " + e, e);
        }
    }

    private static DecisionLog takenFromCluster(Path path) {
        DecisionLog decisions = DecisionLog.begin(path, 0);
        decisions.append(new Decision.Led("process " + ProcessHandle.current().pid(), null));
        return decisions;
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
        return MetricsFile.in(path);
    }

    /** The run's {@link dev.troupe.actors.training.TrainingSummary} as JSON. */
    public Path summary() {
        return path.resolve("summary.json");
    }

    /**
     * Before anything is written.
     *
     * @throws TroupeException when another coordinator or process has begun to lead the run
     */
    public void requireOwn() {
        if (decisions != null) {
            decisions.requireLatest();
        }
    }

    /** Records what a coordinator has decided; nothing for a process that trains alone. */
    void decide(Decision decision) {
        if (decisions != null) {
            decisions.append(decision);
        }
    }

    @Override
    public void close() throws IOException {
        if (channel == null) {
            return; // the coordinator's decisions are not over: how the run ended comes last
        }
        channel.close();
        if (decisions != null) {
            decisions.close();
        }
    }
}
