package dev.troupe.model.format.safetensors;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The header of a file, checked in full: every range lies inside the file, has the size that shape and dtype ask for,
 * and the ranges cover the data exactly once. Memory in proportion to the header that is really there.
 *
 * @param tensors in the order of the header
 * @param dataStart position in the file of the first tensor byte
 */
public record SafetensorsHeader(Map<String, TensorEntry> tensors, Map<String, String> metadata, long dataStart) {
    static final String METADATA = "__metadata__";

    /** Bytes of the field that holds the header's length. */
    static final int LENGTH_BYTES = 8;

    /** The limit of the reference implementation. */
    static final long MAX_HEADER_BYTES = 100_000_000;

    private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    /** A tensor's fields; any other is an error. */
    private static final List<String> FIELDS = List.of("dtype", "shape", "data_offsets");

    public SafetensorsHeader {
        tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
        metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
    }

    /**
     * Reads and checks the header of a whole file.
     *
     * @param fileName only for messages
     * @throws TroupeException naming the file, the tensor and what is wrong with it
     */
    static SafetensorsHeader parse(String fileName, MemorySegment file) {
        long length = headerLength(fileName, file);
        long dataStart = LENGTH_BYTES + length;
        String json = text(fileName, file.asSlice(LENGTH_BYTES, length));
        Map<String, TensorEntry> tensors = new LinkedHashMap<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        try (JsonParser parser = JSON.createParser(json)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw damaged(fileName, "the header is not a JSON object");
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                JsonNode value = JSON.readTree(parser);
                if (name.equals(METADATA)) {
                    readMetadata(fileName, value, metadata);
                } else {
                    tensors.put(name, entry(fileName, name, value, file.byteSize() - dataStart));
                }
            }
            if (parser.nextToken() != null) {
                throw damaged(fileName, "there is something after the header's JSON object");
            }
        } catch (IOException e) {
            throw damaged(fileName, "the header is not valid JSON: " + firstLine(e));
        }
        requireExactCover(fileName, tensors.values(), file.byteSize() - dataStart);
        return new SafetensorsHeader(tensors, metadata, dataStart);
    }

    private static long headerLength(String fileName, MemorySegment file) {
        long available = file.byteSize() - LENGTH_BYTES;
        if (available < 2) {
            throw damaged(fileName, "it has only " + file.byteSize() + " bytes");
        }
        long length = file.get(LENGTH, 0);
        if (length < 2 || length > available) {
            throw damaged(
                    fileName,
                    "it says that its header has " + Long.toUnsignedString(length) + " bytes, but " + available
                            + " bytes follow");
        }
        if (length > MAX_HEADER_BYTES) {
            throw damaged(fileName, "its header of " + length + " bytes is longer than " + MAX_HEADER_BYTES);
        }
        return length;
    }

    private static String text(String fileName, MemorySegment header) {
        byte[] bytes = header.toArray(ValueLayout.JAVA_BYTE);
        if (bytes[0] != '{') {
            throw damaged(fileName, "the header does not start with '{'");
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw damaged(fileName, "the header is not UTF-8");
        }
    }

    private static void readMetadata(String fileName, JsonNode value, Map<String, String> metadata) {
        if (!value.isObject()) {
            throw damaged(fileName, METADATA + " is not an object");
        }
        value.properties().forEach(property -> {
            if (!property.getValue().isTextual()) {
                throw damaged(fileName, METADATA + " entry '" + property.getKey() + "' is not a string");
            }
            metadata.put(property.getKey(), property.getValue().textValue());
        });
    }

    private static TensorEntry entry(String fileName, String name, JsonNode value, long dataBytes) {
        if (!value.isObject()) {
            throw damaged(fileName, name, "its description is not an object");
        }
        value.fieldNames().forEachRemaining(field -> {
            if (!FIELDS.contains(field)) {
                throw damaged(fileName, name, "unknown field '" + shortened(field) + "'");
            }
        });
        TensorDtype dtype = dtype(fileName, name, value.get("dtype"));
        List<Integer> shape = new ArrayList<>();
        for (long dim : numbers(fileName, name, "shape", value.get("shape"))) {
            if (dim > Integer.MAX_VALUE) {
                throw damaged(fileName, name, "dimension " + dim + " is larger than " + Integer.MAX_VALUE);
            }
            shape.add((int) dim);
        }
        List<Long> offsets = numbers(fileName, name, "data_offsets", value.get("data_offsets"));
        if (offsets.size() != 2) {
            throw damaged(fileName, name, "data_offsets has " + offsets.size() + " numbers instead of 2");
        }
        long begin = offsets.get(0);
        long end = offsets.get(1);
        if (begin > end || end > dataBytes) {
            throw damaged(
                    fileName,
                    name,
                    "its bytes " + begin + " to " + end + " are not inside the " + dataBytes + " bytes of data"
                            + " (is the file truncated?)");
        }
        long needed = bytes(fileName, name, dtype, shape);
        if (end - begin != needed) {
            throw damaged(
                    fileName,
                    name,
                    dtype + " of shape " + shape + " needs " + needed + " bytes, but it has " + (end - begin));
        }
        return new TensorEntry(name, dtype, shape, begin, end);
    }

    private static TensorDtype dtype(String fileName, String name, @Nullable JsonNode value) {
        if (value == null || !value.isTextual()) {
            throw damaged(fileName, name, "dtype is missing or not a string");
        }
        return TensorDtype.named(value.textValue())
                .orElseThrow(() -> damaged(fileName, name, "unknown dtype '" + shortened(value.textValue()) + "'"));
    }

    private static List<Long> numbers(String fileName, String name, String field, @Nullable JsonNode value) {
        if (value == null || !value.isArray()) {
            throw damaged(fileName, name, field + " is missing or not an array");
        }
        List<Long> numbers = new ArrayList<>(value.size());
        for (JsonNode number : value) {
            if (!number.isIntegralNumber() || !number.canConvertToLong() || number.longValue() < 0) {
                throw damaged(
                        fileName, name, field + " has '" + shortened(number.toString()) + "', not a number from 0 on");
            }
            numbers.add(number.longValue());
        }
        return numbers;
    }

    private static long bytes(String fileName, String name, TensorDtype dtype, List<Integer> shape) {
        long bytes = dtype.bytes();
        try {
            for (int dim : shape) {
                bytes = Math.multiplyExact(bytes, dim);
            }
        } catch (ArithmeticException e) {
            throw damaged(fileName, name, "shape " + shape + " has more bytes than a file can have");
        }
        return bytes;
    }

    private static void requireExactCover(String fileName, Iterable<TensorEntry> entries, long dataBytes) {
        List<TensorEntry> ordered = new ArrayList<>();
        entries.forEach(ordered::add);
        ordered.sort(Comparator.comparingLong(TensorEntry::begin).thenComparingLong(TensorEntry::end));
        long covered = 0;
        for (TensorEntry entry : ordered) {
            if (entry.begin() != covered) {
                String problem = entry.begin() < covered ? "overlaps the tensor before it" : "leaves a gap before it";
                throw damaged(
                        fileName,
                        entry.name(),
                        "it starts at byte " + entry.begin() + " of the data instead of " + covered + ": it "
                                + problem);
            }
            covered = entry.end();
        }
        if (covered != dataBytes) {
            throw damaged(
                    fileName, "its tensors cover " + covered + " bytes, but " + dataBytes + " bytes of data follow");
        }
    }

    private static TroupeException damaged(String fileName, String tensor, String problem) {
        return damaged(fileName, "tensor '" + shortened(tensor) + "': " + problem);
    }

    private static TroupeException damaged(String fileName, String problem) {
        return new TroupeException(fileName + " is not a valid safetensors file: " + problem);
    }

    private static String firstLine(IOException e) {
        String message = String.valueOf(e.getMessage());
        int end = message.indexOf('\n');
        return shortened(end < 0 ? message : message.substring(0, end));
    }

    /** Text of the file in a message: it may be long or hold control characters. */
    private static String shortened(String text) {
        String printable = text.replaceAll("\\p{Cntrl}", "?");
        return printable.length() <= 120 ? printable : printable.substring(0, 120) + "...";
    }
}
