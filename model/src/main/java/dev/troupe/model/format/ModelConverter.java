package dev.troupe.model.format;

import dev.troupe.model.TroupeException;
import dev.troupe.model.format.durable.DurableFiles;
import dev.troupe.model.gguf.GgufFile;
import dev.troupe.model.tensor.StorageType;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Writes models in the other format, or in fewer bits. A target appears whole or not at all, and never in place of
 * something that is there.
 */
public final class ModelConverter {
    private ModelConverter() {}

    /**
     * Writes {@code from} to {@code to}: a GGUF file where its name ends so, else a directory in Hugging Face's layout.
     *
     * @param type of the matrices; null for those that they have, and float32 for blocks in a directory, which has none
     * @throws TroupeException when the source is wrong, the target exists or has no form for the model or the type
     */
    public static void convert(Path from, Path to, @Nullable StorageType type) {
        requireFree(to);
        boolean toGguf = to.toString().endsWith(".gguf");
        if (!toGguf && type != null && type.blockElements() > 1) {
            throw new TroupeException("a directory holds f32, f16 or bf16, not "
                    + type.name().toLowerCase(Locale.ROOT) + ": end the target's name in .gguf");
        }
        try (OpenModel model = ModelFiles.open(from)) {
            if (!toGguf) {
                DirectoryExport.write(model, to, type);
            } else if (model.files() instanceof GgufFile file) {
                publish(to, out -> GgufExport.write(file, type, out));
            } else {
                publish(to, out -> GgufExport.write(model, type, out));
            }
        } catch (IOException e) {
            throw unwritable(to, e);
        }
    }

    /**
     * Writes a model to a GGUF file.
     *
     * @param type of the matrices
     * @throws TroupeException when the target exists or has no form for the model
     */
    public static void write(OpenModel model, Path to, StorageType type) {
        requireFree(to);
        try {
            publish(to, out -> GgufExport.write(model, type, out));
        } catch (IOException e) {
            throw unwritable(to, e);
        }
    }

    private static void requireFree(Path to) {
        if (Files.exists(to)) {
            throw new TroupeException(to + " exists: choose another target, or remove it first");
        }
    }

    private static TroupeException unwritable(Path to, IOException e) {
        return new TroupeException(
                to + " cannot be written: " + e.getMessage() + "; is the disk full or read-only?", e);
    }

    /** Writes a file. */
    @FunctionalInterface
    private interface Body {
        void writeTo(WritableByteChannel out) throws IOException;
    }

    private static void publish(Path to, Body body) throws IOException {
        DurableFiles files = DurableFiles.LOCAL;
        Path partial = to.resolveSibling("." + to.getFileName() + ".partial");
        Path parent = to.toAbsolutePath().getParent();
        if (parent != null) {
            files.createDirectories(parent);
        }
        files.deleteRecursively(partial);
        try {
            try (WritableByteChannel out = files.create(partial)) {
                body.writeTo(out);
            }
            files.sync(partial);
            files.rename(partial, to);
            if (parent != null) {
                files.sync(parent);
            }
        } catch (IOException | RuntimeException e) {
            files.deleteRecursively(partial);
            throw e;
        }
    }
}
