package dev.troupe.model.format.durable;

import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;

/** The few file system calls that durability rests on. Tests replace them by ones that fail half-way. */
public interface DurableFiles {
    /** The real file system. */
    DurableFiles LOCAL = new LocalFiles();

    /** Creates a directory and its parents; nothing happens when it is there. */
    void createDirectories(Path directory) throws IOException;

    /** Creates a new file for writing. */
    WritableByteChannel create(Path file) throws IOException;

    /** Returns once a file's bytes, or a directory's entries, are on the disk (fsync). */
    void sync(Path fileOrDirectory) throws IOException;

    /** Renames in one step; {@code to} must not exist when it is a directory. */
    void rename(Path from, Path to) throws IOException;

    /** Deletes a file, or a directory with everything in it; nothing happens when it is not there. */
    void deleteRecursively(Path path) throws IOException;
}
