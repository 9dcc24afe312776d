package dev.troupe.model.gguf;

import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/**
 * An open, memory-mapped file. Opening reads only the header; a tensor's pages are read when it is. Thread-safe.
 * Segments must not be used after {@link #close()}.
 */
public final class GgufFile implements AutoCloseable {
    private final Path path;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment file;
    private final MemorySegment lasting; // the same pages, mapped until nothing refers to them
    private final GgufHeader header;

    private GgufFile(Path path) throws IOException {
        this.path = path;
        boolean opened = false;
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            file = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            header = GgufHeader.parse(path.toString(), file);
            lasting = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
            opened = true;
        } finally {
            if (!opened) {
                arena.close();
            }
        }
    }

    /**
     * Maps a file and checks its header.
     *
     * @throws TroupeException when the file is missing, unreadable or not valid, with the reason
     */
    public static GgufFile open(Path path) {
        if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
            throw new TroupeException("GGUF files are little-endian, and this processor is not");
        }
        if (Files.isDirectory(path)) {
            throw new TroupeException(path + " is a directory, not a GGUF file");
        }
        try {
            return new GgufFile(path);
        } catch (NoSuchFileException e) {
            throw new TroupeException(path + " does not exist", e);
        } catch (IOException e) {
            throw new TroupeException(path + " cannot be read: " + e.getMessage(), e);
        }
    }

    public Path path() {
        return path;
    }

    public GgufMetadata metadata() {
        return header.metadata();
    }

    /** By name, in the order of the file. */
    public Map<String, GgufTensor> tensors() {
        return header.tensors();
    }

    /** Bytes of the header, up to the data. */
    public MemorySegment headerBytes() {
        return file.asSlice(0, Math.min(header.dataStart(), file.byteSize())).asReadOnly();
    }

    /** Bytes of the whole file. */
    public long size() {
        return file.byteSize();
    }

    /** The mapped data of a tensor, read-only. */
    public MemorySegment data(GgufTensor tensor) {
        return file.asSlice(position(tensor), tensor.bytes());
    }

    /** The same, which stays readable after this is closed, as long as it is in use. */
    public MemorySegment lastingData(GgufTensor tensor) {
        return lasting.asSlice(position(tensor), tensor.bytes());
    }

    /** Where a tensor's data begins in the file. */
    public long position(GgufTensor tensor) {
        return header.dataStart() + tensor.offset();
    }

    @Override
    public void close() {
        arena.close();
    }
}
