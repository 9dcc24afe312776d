package dev.troupe.deploy.run;

import dev.troupe.actors.training.run.MetricsFile;
import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * The folder of a run: {@code tokenizer.json}, {@code tokens/}, {@code checkpoints/}, {@code metrics.jsonl},
 * {@code loss.svg}, {@code evaluation.json}, {@code report.html}, {@code report.json}. One process at a time owns it,
 * by a lock that the operating system releases even when the process is killed.
 */
public final class RunDirectory implements AutoCloseable {
    private static final String LOCK = ".lock";

    private final Path root;
    private final FileChannel channel;
    private final FileLock lock;

    private RunDirectory(Path root, FileChannel channel, FileLock lock) {
        this.root = root;
        this.channel = channel;
        this.lock = lock;
    }

    /**
     * Creates the folder when it is missing, and takes it.
     *
     * @throws TroupeException when it cannot be written or another process has it
     */
    public static RunDirectory open(Path root) {
        Path absolute = root.toAbsolutePath().normalize();
        try {
            Files.createDirectories(absolute);
            FileChannel channel =
                    FileChannel.open(absolute.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = tryLock(channel);
            if (lock == null) {
                channel.close();
                throw new TroupeException("the folder " + absolute
                        + " is in use by another process: wait until it ends, or choose another folder");
            }
            return new RunDirectory(absolute, channel, lock);
        } catch (IOException e) {
            throw new TroupeException(
                    "cannot write to the folder " + absolute + " (" + e + "): choose another or change its permissions",
                    e);
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // this very process has it
        }
    }

    /** The folder itself, absolute. */
    public Path root() {
        return root;
    }

    /** The tokenizer that the run's tokens were made with. */
    public Path tokenizer() {
        return root.resolve("tokenizer.json");
    }

    /** Token shards, train and held-out. */
    public Path tokens() {
        return root.resolve("tokens");
    }

    /** Checkpoints by step. */
    public Path checkpoints() {
        return root.resolve("checkpoints");
    }

    /** What happened, a line each. */
    public Path metrics() {
        return MetricsFile.in(root);
    }

    /** The loss curve. */
    public Path curve() {
        return root.resolve("loss.svg");
    }

    /** Held-out figures of the final weights, with samples. */
    public Path evaluation() {
        return root.resolve("evaluation.json");
    }

    /** The report for people. */
    public Path report() {
        return root.resolve("report.html");
    }

    /** The same for programs. */
    public Path reportJson() {
        return root.resolve("report.json");
    }

    @Override
    public void close() {
        try {
            lock.release();
            channel.close();
        } catch (IOException e) {
            throw new TroupeException("the lock of " + root + " could not be released: " + e, e);
        }
    }
}
