package dev.troupe.model.format;

import dev.troupe.model.format.durable.DurableFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;

/** The real file system, until it is killed at a call or runs out of space. */
public final class FaultyFiles implements DurableFiles {
    /** A checkpoint has a write for each tensor: every eighth is killed at, for the sake of time. */
    private static final int COUNTED_WRITES = 8;

    private int calls;
    private int writes;
    private int killAt = Integer.MAX_VALUE;
    private long spaceLeft = Long.MAX_VALUE;
    private long bytesWritten;

    /** Stands for a kill -9: nothing catches it, and nothing is cleaned up. */
    public static final class Killed extends Error {
        private static final long serialVersionUID = 1L;
    }

    public int calls() {
        return calls;
    }

    public long bytesWritten() {
        return bytesWritten;
    }

    /** The call of this number, and every one after it, does not happen. */
    public void killAt(int call) {
        killAt = call;
    }

    public void spaceLeft(long bytes) {
        spaceLeft = bytes;
    }

    private void call() {
        if (calls++ >= killAt) {
            throw new Killed();
        }
    }

    @Override
    public void createDirectories(Path directory) throws IOException {
        call();
        LOCAL.createDirectories(directory);
    }

    @Override
    public WritableByteChannel create(Path file) throws IOException {
        call();
        WritableByteChannel out = LOCAL.create(file);
        return new WritableByteChannel() {
            @Override
            public int write(ByteBuffer source) throws IOException {
                // A killed process may leave a file half-written: the first half of the bytes is there.
                if (writes++ % COUNTED_WRITES == 0) {
                    if (calls >= killAt && source.remaining() > 1) {
                        out.write(source.slice(source.position(), source.remaining() / 2));
                    }
                    call();
                }
                if (spaceLeft < source.remaining()) {
                    throw new IOException("No space left on device");
                }
                spaceLeft -= spaceLeft == Long.MAX_VALUE ? 0 : source.remaining();
                bytesWritten += source.remaining();
                return out.write(source);
            }

            @Override
            public boolean isOpen() {
                return out.isOpen();
            }

            @Override
            public void close() throws IOException {
                out.close();
            }
        };
    }

    @Override
    public void sync(Path fileOrDirectory) throws IOException {
        call();
        LOCAL.sync(fileOrDirectory);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        call();
        LOCAL.rename(from, to);
    }

    @Override
    public void deleteRecursively(Path path) throws IOException {
        call();
        LOCAL.deleteRecursively(path);
    }
}
