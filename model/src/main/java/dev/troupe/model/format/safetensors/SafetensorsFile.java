package dev.troupe.model.format.safetensors;

import dev.troupe.model.TroupeException;
import dev.troupe.model.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An open, memory-mapped file. Opening reads only the header; a tensor's pages are read when it is. Thread-safe. Views
 * must not be used after {@link #close()}.
 */
public final class SafetensorsFile implements AutoCloseable {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path path;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment data;
    private final MemorySegment lasting; // the same pages, mapped until nothing refers to them
    private final SafetensorsHeader header;

    private SafetensorsFile(Path path) throws IOException {
        this.path = path;
        boolean opened = false;
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            MemorySegment file = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            header = SafetensorsHeader.parse(path.toString(), file);
            data = file.asSlice(header.dataStart());
            lasting = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto())
                    .asSlice(header.dataStart());
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
     * @throws TroupeException when the file is missing, unreadable or not valid
     */
    public static SafetensorsFile open(Path path) {
        if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
            throw new TroupeException("safetensors files are little-endian, and this processor is not");
        }
        try {
            return new SafetensorsFile(path);
        } catch (NoSuchFileException e) {
            throw new TroupeException(path + " does not exist", e);
        } catch (IOException e) {
            throw new TroupeException(path + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** The tensors by name, in the order of the header. */
    public Map<String, TensorEntry> tensors() {
        return header.tensors();
    }

    public Map<String, String> metadata() {
        return header.metadata();
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
            case F32 -> MemorySegment.copy(source, 0, target, 0, target.byteSize());
            case F16 -> readFloat16(source, target, entry.size());
            case BF16 -> readBfloat16(source, target, entry.size());
            case F64, I64, I32, I16, I8, U64, U32, U16, U8, F8_E4M3, F8_E5M2, BOOL ->
                throw new TroupeException(path + ": tensor '" + name + "' has dtype " + entry.dtype()
                        + "; weights must be F32, F16 or BF16");
        }
    }

    private static void readFloat16(MemorySegment source, MemorySegment target, long size) {
        for (long i = 0; i < size; i++) {
            target.setAtIndex(ValueLayout.JAVA_FLOAT, i, Float.float16ToFloat(source.get(SHORT, i * Short.BYTES)));
        }
    }

    /** bfloat16 is the upper half of a float32. */
    private static void readBfloat16(MemorySegment source, MemorySegment target, long size) {
        for (long i = 0; i < size; i++) {
            target.setAtIndex(
                    ValueLayout.JAVA_FLOAT, i, Float.intBitsToFloat(source.get(SHORT, i * Short.BYTES) << 16));
        }
    }

    private TensorEntry entry(String name) {
        TensorEntry entry = header.tensors().get(name);
        if (entry == null) {
            throw new TroupeException(path + " has no tensor '" + name + "'");
        }
        return entry;
    }

    /** The mapped bytes of a tensor of this file, read-only. */
    public MemorySegment bytes(TensorEntry entry) {
        return data.asSlice(entry.begin(), entry.end() - entry.begin());
    }

    /** The same, which stay readable after this is closed, as long as they are in use. */
    public MemorySegment lastingBytes(TensorEntry entry) {
        return lasting.asSlice(entry.begin(), entry.end() - entry.begin());
    }

    private static int[] shape(List<Integer> shape) {
        return shape.stream().mapToInt(Integer::intValue).toArray();
    }

    @Override
    public void close() {
        arena.close();
    }
}
