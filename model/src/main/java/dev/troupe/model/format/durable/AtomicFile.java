package dev.troupe.model.format.durable;

import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;

/** A file that is written beside its place under another name, synced and renamed: all of it is there, or nothing. */
public final class AtomicFile {
    private AtomicFile() {}

    /**
     * Writes {@code target}, in place of a file that was there.
     *
     * @param partial its name until then, in the same directory, which must exist; removed when this fails
     * @return what was written
     */
    public static FileDigest publish(DurableFiles files, Path partial, Path target, AtomicDirectory.FileBody body)
            throws IOException {
        AtomicReference<FileDigest> digest = new AtomicReference<>();
        write(files, partial, target, file -> {
            Sha256.Output out = new Sha256.Output(file); // which the other closes
            body.writeTo(out);
            digest.set(out.finish());
        });
        return digest.get();
    }

    /** As {@link #publish}, of a file whose digest nobody asks for. */
    public static void write(DurableFiles files, Path partial, Path target, AtomicDirectory.FileBody body)
            throws IOException {
        files.deleteRecursively(partial);
        try {
            try (WritableByteChannel out = files.create(partial)) {
                body.writeTo(out);
            }
            files.sync(partial);
            files.rename(partial, target);
            Path parent = target.toAbsolutePath().getParent();
            if (parent != null) {
                files.sync(parent);
            }
        } catch (IOException | RuntimeException e) {
            removeQuietly(files, partial, e);
            throw e;
        }
    }

    private static void removeQuietly(DurableFiles files, Path partial, Exception cause) {
        try {
            files.deleteRecursively(partial);
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }
}
