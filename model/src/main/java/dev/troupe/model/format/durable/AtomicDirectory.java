package dev.troupe.model.format.durable;

import dev.troupe.model.tensor.stream.WholeWrites;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A directory that is written beside its place under a hidden name and then renamed: a reader sees all of it or
 * nothing. Every file is synced before the rename and the parent after it, so that this holds over a power failure too.
 */
public final class AtomicDirectory {
    /** Hidden, and matched by {@link #removeLeftovers}. */
    private static final String PREFIX = ".";

    private static final String PARTIAL_SUFFIX = ".partial";
    private static final String REPLACED_SUFFIX = ".replaced";

    private final DurableFiles files;
    private final Path directory;
    private final Map<String, FileDigest> written = new LinkedHashMap<>();

    private AtomicDirectory(DurableFiles files, Path directory) {
        this.files = files;
        this.directory = directory;
    }

    /** Writes the files of the directory. */
    @FunctionalInterface
    public interface Body {
        void writeTo(AtomicDirectory directory) throws IOException;
    }

    /** Writes the bytes of one file. */
    @FunctionalInterface
    public interface FileBody {
        void writeTo(WritableByteChannel out) throws IOException;
    }

    /**
     * Publishes {@code target} with what {@code body} writes, in place of what was there. When this fails, what was
     * there is untouched and the partial directory is removed. One writer per target at a time.
     */
    public static void publish(DurableFiles files, Path target, Body body) throws IOException {
        Path parent = target.toAbsolutePath().getParent();
        if (parent == null) {
            throw new IOException("cannot replace the root directory");
        }
        Path partial = parent.resolve(PREFIX + target.getFileName() + PARTIAL_SUFFIX);
        files.createDirectories(parent);
        files.deleteRecursively(partial);
        try {
            files.createDirectories(partial);
            body.writeTo(new AtomicDirectory(files, partial));
            files.sync(partial);
            replace(files, parent, partial, target);
        } catch (IOException | RuntimeException e) {
            removeQuietly(files, partial, e);
            throw e;
        }
    }

    private static void replace(DurableFiles files, Path parent, Path partial, Path target) throws IOException {
        if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            files.rename(partial, target);
            files.sync(parent);
            return;
        }
        // POSIX does not replace a directory that has entries: the old one moves out of the way first. Until it has
        // moved back or is gone, its bytes are still there for removeLeftovers to find.
        Path replaced = parent.resolve(PREFIX + target.getFileName() + REPLACED_SUFFIX);
        files.deleteRecursively(replaced);
        files.rename(target, replaced);
        try {
            files.rename(partial, target);
        } catch (IOException | RuntimeException e) {
            files.rename(replaced, target);
            throw e;
        }
        files.sync(parent);
        files.deleteRecursively(replaced);
    }

    private static void removeQuietly(DurableFiles files, Path partial, Exception cause) {
        try {
            files.deleteRecursively(partial);
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    /**
     * Cleans a parent directory after a crash: partial directories are deleted; a directory that was moved away for a
     * replacement that never came is moved back. Call it when no one is writing.
     *
     * @return what was removed
     */
    public static List<Path> removeLeftovers(DurableFiles files, Path parent) throws IOException {
        if (!Files.isDirectory(parent)) {
            return List.of();
        }
        List<Path> entries;
        try (Stream<Path> stream = Files.list(parent)) {
            entries = stream.sorted().toList();
        }
        List<Path> removed = new ArrayList<>();
        for (Path entry : entries) {
            String name = String.valueOf(entry.getFileName());
            if (!name.startsWith(PREFIX)) {
                continue;
            }
            if (name.endsWith(REPLACED_SUFFIX)) {
                Path target = parent.resolve(name.substring(PREFIX.length(), name.length() - REPLACED_SUFFIX.length()));
                if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
                    files.rename(entry, target);
                    continue;
                }
            } else if (!name.endsWith(PARTIAL_SUFFIX)) {
                continue;
            }
            files.deleteRecursively(entry);
            removed.add(entry);
        }
        return removed;
    }

    /** Removes a directory: after a crash it is there as a whole, or hidden for {@link #removeLeftovers}. */
    public static void remove(DurableFiles files, Path target) throws IOException {
        Path hidden = target.resolveSibling(PREFIX + target.getFileName() + PARTIAL_SUFFIX);
        files.rename(target, hidden);
        files.deleteRecursively(hidden);
    }

    /** Writes one file and returns once it is on the disk. */
    public FileDigest write(String name, FileBody body) throws IOException {
        Path file = directory.resolve(name);
        FileDigest digest;
        try (Sha256.Output out = new Sha256.Output(files.create(file))) {
            body.writeTo(out);
            digest = out.finish();
        }
        files.sync(file);
        written.put(name, digest);
        return digest;
    }

    /** Writes one small file. */
    public FileDigest write(String name, byte[] bytes) throws IOException {
        return write(name, out -> WholeWrites.write(out, ByteBuffer.wrap(bytes)));
    }

    /** The files written so far, in order. */
    public Map<String, FileDigest> written() {
        return Collections.unmodifiableMap(written);
    }
}
