package dev.troupe.model.gguf;

import dev.troupe.model.TroupeException;
import dev.troupe.model.tensor.MappedFile;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * An open, memory-mapped file. Opening reads only the header; a tensor's pages are read when it is. Thread-safe.
 * Segments must not be used after {@link #close()}.
 */
public final class GgufFile implements AutoCloseable {
    private final Path path;
    private final MappedFile<GgufHeader> file;

    private GgufFile(Path path, MappedFile<GgufHeader> file) {
        this.path = path;
        this.file = file;
    }

    /**
     * Maps a file and checks its header.
     *
     * @throws TroupeException when the file is missing, unreadable or not valid, with the reason
     */
    public static GgufFile open(Path path) {
        if (Files.isDirectory(path)) {
            throw new TroupeException(path + " is a directory, not a GGUF file");
        }
        return new GgufFile(path, MappedFile.open(path, "GGUF", bytes -> GgufHeader.parse(path.toString(), bytes)));
    }

    public Path path() {
        return path;
    }

    public GgufMetadata metadata() {
        return file.header().metadata();
    }

    /** By name, in the order of the file. */
    public Map<String, GgufTensor> tensors() {
        return file.header().tensors();
    }

    /** Bytes of the header, up to the data. */
    public MemorySegment headerBytes() {
        return file.bytes()
                .asSlice(0, Math.min(file.header().dataStart(), size()))
                .asReadOnly();
    }

    /** The whole file, mapped and read-only. */
    public MemorySegment bytes() {
        return file.bytes();
    }

    /** Bytes of the whole file. */
    public long size() {
        return file.bytes().byteSize();
    }

    /** The mapped data of a tensor, read-only. */
    public MemorySegment data(GgufTensor tensor) {
        return file.bytes().asSlice(position(tensor), tensor.bytes());
    }

    /** The same, which stays readable after this is closed, as long as it is in use. */
    public MemorySegment lastingData(GgufTensor tensor) {
        return file.lasting().asSlice(position(tensor), tensor.bytes());
    }

    /** All of the mapping that {@link #lastingData} is part of. */
    public MemorySegment lasting() {
        return file.lasting();
    }

    /** Takes the pages of {@link #data} out of this process's memory until they are used again. */
    public void forget(GgufTensor tensor) {
        file.forget(data(tensor));
    }

    /** Where a tensor's data begins in the file. */
    public long position(GgufTensor tensor) {
        return file.header().dataStart() + tensor.offset();
    }

    @Override
    public void close() {
        file.close();
    }
}
