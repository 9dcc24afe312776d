package dev.troupe.model.format.safetensors;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.stream.TensorContent;
import dev.troupe.model.tensor.stream.TensorSink;
import dev.troupe.model.tensor.stream.WholeWrites;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Writes tensors in one pass, in the order given, without a copy of them in memory. */
public final class SafetensorsWriter {
    /** The header is padded with spaces so that the data starts on a cache line: mapped views are aligned like ours. */
    private static final int DATA_ALIGNMENT = 64;

    private static final int CHUNK_BYTES = 4 << 20;
    private static final JsonMapper JSON = new JsonMapper();

    private SafetensorsWriter() {}

    /**
     * A tensor of any type to be written.
     *
     * @param content row-major, little-endian
     */
    public record Entry(String name, TensorDtype dtype, List<Integer> shape, TensorContent content) {
        public Entry {
            shape = List.copyOf(shape);
        }

        /** Bytes of its data. */
        public long bytes() {
            return shape.stream().mapToLong(Integer::longValue).reduce(dtype.bytes(), Math::multiplyExact);
        }
    }

    /**
     * Writes a whole file of float32 tensors to {@code out} and leaves it open.
     *
     * @param metadata strings for the header, such as "format" to "pt"
     */
    public static void write(WritableByteChannel out, List<NamedTensor> tensors, Map<String, String> metadata)
            throws IOException {
        writeEntries(out, tensors.stream().map(SafetensorsWriter::entry).toList(), metadata);
    }

    /** Writes a whole file to {@code out} and leaves it open. */
    public static void writeEntries(WritableByteChannel out, List<Entry> tensors, Map<String, String> metadata)
            throws IOException {
        ByteBuffer header = header(tensors, metadata);
        WholeWrites.write(out, header);
        for (Entry tensor : tensors) {
            TensorSink.write(out, tensor.name(), tensor.content(), tensor.bytes());
        }
    }

    private static Entry entry(NamedTensor tensor) {
        return new Entry(
                tensor.name(),
                TensorDtype.F32,
                tensor.shape(),
                tensor.transposed()
                        ? sink -> writeTransposed(sink, tensor.tensor())
                        : sink -> sink.write(tensor.tensor().readOnlySegment()));
    }

    private static ByteBuffer header(List<Entry> tensors, Map<String, String> metadata) {
        ObjectNode header = JSON.createObjectNode();
        if (!metadata.isEmpty()) {
            ObjectNode entries = header.putObject(SafetensorsHeader.METADATA);
            metadata.forEach(entries::put);
        }
        Set<String> names = new HashSet<>();
        long offset = 0;
        for (Entry tensor : tensors) {
            if (tensor.name().equals(SafetensorsHeader.METADATA) || !names.add(tensor.name())) {
                throw new IllegalArgumentException("two tensors named " + tensor.name());
            }
            ObjectNode entry = header.putObject(tensor.name());
            entry.put("dtype", tensor.dtype().name());
            ArrayNode shape = entry.putArray("shape");
            tensor.shape().forEach(shape::add);
            long end = offset + tensor.bytes();
            entry.putArray("data_offsets").add(offset).add(end);
            offset = end;
        }
        byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
        int start = SafetensorsHeader.LENGTH_BYTES;
        int padded = Math.ceilDiv(start + json.length, DATA_ALIGNMENT) * DATA_ALIGNMENT - start;
        byte[] spaced = Arrays.copyOf(json, padded);
        Arrays.fill(spaced, json.length, padded, (byte) ' ');
        return ByteBuffer.allocate(start + padded)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(padded)
                .put(spaced)
                .flip();
    }

    private static void writeTransposed(TensorSink sink, Tensor matrix) throws IOException {
        int rows = matrix.dim(0);
        int columns = matrix.dim(1);
        int columnsAtOnce = Math.clamp(CHUNK_BYTES / (4L * Math.max(1, rows)), 1, Math.max(1, columns));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment piece = arena.allocate(4L * rows * columnsAtOnce, 4);
            for (int from = 0; from < columns; from += columnsAtOnce) {
                int count = Math.min(columnsAtOnce, columns - from);
                for (int c = 0; c < count; c++) {
                    for (int row = 0; row < rows; row++) {
                        float value = matrix.get((long) row * columns + from + c);
                        piece.setAtIndex(ValueLayout.JAVA_FLOAT, (long) c * rows + row, value);
                    }
                }
                sink.write(piece.asSlice(0, 4L * rows * count));
            }
        }
    }
}
