package dev.troupe.model.gguf;

import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.stream.TensorContent;
import dev.troupe.model.tensor.stream.TensorSink;
import dev.troupe.model.tensor.stream.WholeWrites;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Writes a file of version 3 in one pass; the data of one tensor at a time is in memory. */
public final class GgufWriter {
    private static final int VERSION = 3;

    private GgufWriter() {}

    /** A tensor to be written. */
    public record Entry(String name, StorageType type, List<Integer> shape, TensorContent content) {
        /** Bytes of its data. */
        long bytes() {
            return new GgufTensor(name, type, shape, 0).bytes();
        }
    }

    /** Writes a whole file to {@code out} and leaves it open. */
    public static void write(WritableByteChannel out, Map<String, MetadataValue> metadata, List<Entry> tensors)
            throws IOException {
        long alignment = alignment(metadata);
        byte[] header = header(metadata, tensors, alignment);
        WholeWrites.write(out, ByteBuffer.wrap(header));
        for (Entry tensor : tensors) {
            TensorSink.write(out, tensor.name(), tensor.content(), tensor.bytes());
            WholeWrites.write(
                    out, ByteBuffer.allocate((int) (GgufHeader.padded(tensor.bytes(), alignment) - tensor.bytes())));
        }
    }

    private static long alignment(Map<String, MetadataValue> metadata) {
        MetadataValue given = metadata.get(GgufHeader.ALIGNMENT_KEY);
        return given == null
                ? GgufHeader.DEFAULT_ALIGNMENT
                : (Long) given.values().getFirst();
    }

    private static byte[] header(Map<String, MetadataValue> metadata, List<Entry> tensors, long alignment) {
        Header out = new Header();
        out.int32(GgufHeader.MAGIC);
        out.int32(VERSION);
        out.int64(tensors.size());
        out.int64(metadata.size());
        metadata.forEach((key, value) -> {
            out.text(key);
            out.value(value);
        });
        Set<String> names = new HashSet<>();
        long offset = 0;
        for (Entry tensor : tensors) {
            if (!names.add(tensor.name())) {
                throw new IllegalArgumentException("two tensors named " + tensor.name());
            }
            out.text(tensor.name());
            out.int32(tensor.shape().size());
            tensor.shape().reversed().forEach(out::int64);
            out.int32(TensorTypes.number(tensor.type()));
            out.int64(offset);
            offset = GgufHeader.padded(offset + tensor.bytes(), alignment);
        }
        out.pad(alignment);
        return out.bytes.toByteArray();
    }

    /** The bytes of a header so far. */
    private static final class Header {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final ByteBuffer scratch = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);

        private void put(int length) {
            bytes.write(scratch.array(), 0, length);
        }

        void int8(int value) {
            bytes.write(value);
        }

        void int16(int value) {
            scratch.putShort(0, (short) value);
            put(2);
        }

        void int32(int value) {
            scratch.putInt(0, value);
            put(4);
        }

        void int64(long value) {
            scratch.putLong(0, value);
            put(8);
        }

        void text(String value) {
            byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
            int64(utf8.length);
            bytes.writeBytes(utf8);
        }

        void value(MetadataValue value) {
            if (value.array()) {
                int32(MetadataType.ARRAY.number());
                int32(value.type().number());
                int64(value.values().size());
            } else {
                int32(value.type().number());
            }
            value.values().forEach(element -> single(value.type(), element));
        }

        private void single(MetadataType type, Object value) {
            switch (type) {
                case UINT8, INT8 -> int8(((Long) value).intValue());
                case UINT16, INT16 -> int16(((Long) value).intValue());
                case UINT32, INT32 -> int32(((Long) value).intValue());
                case UINT64, INT64 -> int64((Long) value);
                case FLOAT32 -> int32(Float.floatToRawIntBits(((Double) value).floatValue()));
                case FLOAT64 -> int64(Double.doubleToRawLongBits((Double) value));
                case BOOL -> int8((Boolean) value ? 1 : 0);
                case STRING -> text((String) value);
                case ARRAY -> throw new IllegalArgumentException("an array is not a single value");
            }
        }

        void pad(long alignment) {
            bytes.writeBytes(new byte[(int) (GgufHeader.padded(bytes.size(), alignment) - bytes.size())]);
        }
    }
}
