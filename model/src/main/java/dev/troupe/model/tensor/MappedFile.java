package dev.troupe.model.tensor;

import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Function;

/**
 * A file of tensors, mapped into memory, whose header was read: other pages are read when they are used. Thread-safe.
 *
 * @param <H> what was made of the header
 */
public final class MappedFile<H> implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment bytes;
    private final MemorySegment lasting;
    private final H header;

    private MappedFile(Path path, Function<MemorySegment, H> parser) throws IOException {
        boolean opened = false;
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            header = parser.apply(bytes);
            lasting = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
            opened = true;
        } finally {
            if (!opened) {
                arena.close();
            }
        }
    }

    /**
     * Maps a file and reads its header.
     *
     * @param kind of the file, for messages: "GGUF"
     * @param parser of the header; gets the whole file, and what it throws is passed on
     * @throws TroupeException when the file is missing or unreadable, or this processor is not little-endian
     */
    public static <H> MappedFile<H> open(Path path, String kind, Function<MemorySegment, H> parser) {
        if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
            throw new TroupeException(kind + " files are little-endian, and this processor is not");
        }
        try {
            return new MappedFile<>(path, parser);
        } catch (NoSuchFileException e) {
            throw new TroupeException(path + " does not exist", e);
        } catch (IOException e) {
            throw new TroupeException(path + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** What the parser made. */
    public H header() {
        return header;
    }

    /** The whole file, read-only, until {@link #close}. */
    public MemorySegment bytes() {
        return bytes;
    }

    /**
     * Takes the pages of a part of {@link #bytes} out of this process's memory: they are mapped again, from the
     * system's cache or from the file, when they are next used.
     */
    public void forget(MemorySegment part) {
        MemoryCalls.forget(bytes, part);
    }

    /** The same pages, which stay readable after {@link #close}, as long as they are in use. */
    public MemorySegment lasting() {
        return lasting;
    }

    @Override
    public void close() {
        arena.close();
    }
}
