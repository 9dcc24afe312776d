package dev.troupe.model.format.safetensors;

import dev.troupe.model.TroupeException;
import dev.troupe.model.kernel.quantized.Dequantization;
import dev.troupe.model.tensor.MappedFile;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An open, memory-mapped file. Opening reads only the header; a tensor's pages are read when it is. Thread-safe. Views
 * must not be used after {@link #close()}.
 */
public final class SafetensorsFile implements AutoCloseable {
    private final Path path;
    private final MappedFile<SafetensorsHeader> file;

    private SafetensorsFile(Path path, MappedFile<SafetensorsHeader> file) {
        this.path = path;
        this.file = file;
    }

    /**
     * Maps a file and checks its header.
     *
     * @throws TroupeException when the file is missing, unreadable or not valid
     */
    public static SafetensorsFile open(Path path) {
        return new SafetensorsFile(
                path, MappedFile.open(path, "safetensors", bytes -> SafetensorsHeader.parse(path.toString(), bytes)));
    }

    /** The tensors by name, in the order of the header. */
    public Map<String, TensorEntry> tensors() {
        return file.header().tensors();
    }

    public Map<String, String> metadata() {
        return file.header().metadata();
    }

    /** A read-only tensor over the mapped file, when it is float32 and its bytes are aligned; writing to it fails. */
    public Optional<Tensor> view(String name) {
        TensorEntry entry = entry(name);
        MemorySegment bytes = bytes(entry);
        if (entry.dtype() != TensorDtype.F32 || bytes.address() % Float.BYTES != 0) {
            return Optional.empty();
        }
        return Optional.of(Tensor.of(bytes, shape(entry.shape())));
    }

    /**
     * Copies a tensor to {@code destination} as float32.
     *
     * @throws TroupeException when the file has no such tensor or its dtype is not F32, F16 or BF16
     * @throws IllegalArgumentException when the destination has another number of elements
     */
    public void read(String name, Tensor destination) {
        TensorEntry entry = entry(name);
        if (entry.size() != destination.size()) {
            throw new IllegalArgumentException(
                    "cannot read '" + name + "' of shape " + entry.shape() + " to " + destination);
        }
        MemorySegment source = bytes(entry);
        MemorySegment target = destination.segment();
        switch (entry.dtype()) {
            case F32, F16, BF16 ->
                Dequantization.read(StorageType.valueOf(entry.dtype().name()), entry.size(), source, target);
            case F64, I64, I32, I16, I8, U64, U32, U16, U8, F8_E4M3, F8_E5M2, BOOL ->
                throw new TroupeException(path + ": tensor '" + name + "' has dtype " + entry.dtype()
                        + "; weights must be F32, F16 or BF16");
        }
    }

    private TensorEntry entry(String name) {
        TensorEntry entry = file.header().tensors().get(name);
        if (entry == null) {
            throw new TroupeException(path + " has no tensor '" + name + "'");
        }
        return entry;
    }

    /** The mapped bytes of a tensor of this file, read-only. */
    public MemorySegment bytes(TensorEntry entry) {
        return part(file.bytes(), entry);
    }

    /** The same, which stay readable after this is closed, as long as they are in use. */
    public MemorySegment lastingBytes(TensorEntry entry) {
        return part(file.lasting(), entry);
    }

    /** All of the mapping that {@link #lastingBytes} are parts of. */
    public MemorySegment lasting() {
        return file.lasting();
    }

    /** Takes the pages of {@link #bytes} out of this process's memory until they are used again. */
    public void forget(TensorEntry entry) {
        file.forget(bytes(entry));
    }

    private static int[] shape(List<Integer> shape) {
        return shape.stream().mapToInt(Integer::intValue).toArray();
    }

    @Override
    public void close() {
        file.close();
    }

    private MemorySegment part(MemorySegment of, TensorEntry entry) {
        return of.asSlice(file.header().dataStart() + entry.begin(), entry.end() - entry.begin());
    }
}
