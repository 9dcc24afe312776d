package dev.troupe.model.format.safetensors;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Writes float32 tensors in one pass, in the order given, without a copy of them in memory. */
public final class SafetensorsWriter {
    /** The header is padded with spaces so that the data starts on a cache line: mapped views are aligned like ours. */
    private static final int DATA_ALIGNMENT = 64;

    private static final int CHUNK_BYTES = 4 << 20;
    private static final JsonMapper JSON = new JsonMapper();

    private SafetensorsWriter() {}

    /**
     * Writes a whole file to {@code out} and leaves it open.
     *
     * @param metadata strings for the header, such as "format" to "pt"
     */
    public static void write(WritableByteChannel out, List<NamedTensor> tensors, Map<String, String> metadata)
            throws IOException {
        writeFully(out, header(tensors, metadata));
        ByteBuffer scratch = null;
        for (NamedTensor tensor : tensors) {
            if (tensor.transposed()) {
                if (scratch == null) {
                    scratch = ByteBuffer.allocateDirect(CHUNK_BYTES).order(ByteOrder.nativeOrder());
                }
                writeTransposed(out, tensor.tensor(), scratch);
            } else {
                writePlain(out, tensor.tensor().readOnlySegment());
            }
        }
    }

    private static ByteBuffer header(List<NamedTensor> tensors, Map<String, String> metadata) {
        ObjectNode header = JSON.createObjectNode();
        if (!metadata.isEmpty()) {
            ObjectNode entries = header.putObject(SafetensorsHeader.METADATA);
            metadata.forEach(entries::put);
        }
        Set<String> names = new HashSet<>();
        long offset = 0;
        for (NamedTensor tensor : tensors) {
            if (tensor.name().equals(SafetensorsHeader.METADATA) || !names.add(tensor.name())) {
                throw new IllegalArgumentException("two tensors named " + tensor.name());
            }
            ObjectNode entry = header.putObject(tensor.name());
            entry.put("dtype", TensorDtype.F32.name());
            ArrayNode shape = entry.putArray("shape");
            tensor.shape().forEach(shape::add);
            long end = offset + tensor.tensor().size() * Float.BYTES;
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

    private static void writePlain(WritableByteChannel out, MemorySegment bytes) throws IOException {
        for (long from = 0; from < bytes.byteSize(); from += CHUNK_BYTES) {
            long length = Math.min(CHUNK_BYTES, bytes.byteSize() - from);
            writeFully(out, bytes.asSlice(from, length).asByteBuffer());
        }
    }

    private static void writeTransposed(WritableByteChannel out, Tensor matrix, ByteBuffer scratch) throws IOException {
        int rows = matrix.dim(0);
        int columns = matrix.dim(1);
        scratch.clear();
        for (int column = 0; column < columns; column++) {
            for (int row = 0; row < rows; row++) {
                if (scratch.remaining() < Float.BYTES) {
                    writeFully(out, scratch.flip());
                    scratch.clear();
                }
                scratch.putFloat(matrix.get((long) row * columns + column));
            }
        }
        writeFully(out, scratch.flip());
    }

    private static void writeFully(WritableByteChannel out, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }
}
