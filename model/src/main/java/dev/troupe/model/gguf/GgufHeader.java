package dev.troupe.model.gguf;

import dev.troupe.model.tensor.StorageType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Everything before the data: read with a cursor that never leaves the file, so that no number in it can lead to a
 * large allocation or past its end.
 *
 * @param tensors by name, in the order of the file
 * @param dataStart where the data begins, in bytes from the start of the file
 * @param alignment of tensors in the data
 */
record GgufHeader(GgufMetadata metadata, Map<String, GgufTensor> tensors, long dataStart, long alignment) {
    static final int MAGIC = 0x46554747; // "GGUF"
    static final String ALIGNMENT_KEY = "general.alignment";
    static final long DEFAULT_ALIGNMENT = 32;

    private static final int OLDEST_VERSION = 2;
    private static final int NEWEST_VERSION = 3;
    private static final long MOST_ALIGNMENT = 1 << 16;
    private static final int MOST_KEY_BYTES = 0xFFFF; // docs/gguf.md
    private static final int MOST_NAME_BYTES = 1024;
    private static final int MOST_TEXT_BYTES = 16 << 20;
    private static final long MOST_TENSORS = 1 << 20;

    private static final int MOST_DIMS = 4;
    private static final int LEAST_ENTRY_BYTES = 13; // empty key, type, one byte
    private static final int LEAST_TENSOR_BYTES = 32; // empty name, one dimension

    static GgufHeader parse(String fileName, MemorySegment file) {
        GgufCursor in = new GgufCursor(fileName, file);
        requireMagic(in);
        long numTensors = in.count("tensors", LEAST_TENSOR_BYTES);
        if (numTensors > MOST_TENSORS) {
            throw in.damaged("it says that there are " + numTensors + " tensors, more than " + MOST_TENSORS);
        }
        long numEntries = in.count("metadata entries", LEAST_ENTRY_BYTES);
        Map<String, MetadataValue> entries = new LinkedHashMap<>();
        for (long i = 0; i < numEntries; i++) {
            String key = key(in, i);
            if (entries.put(key, value(in, key)) != null) {
                throw in.damaged("metadata key '" + shortened(key) + "' is there twice");
            }
        }
        long alignment = alignment(in, entries.get(ALIGNMENT_KEY));
        List<GgufTensor> tensors = new ArrayList<>();
        for (long i = 0; i < numTensors; i++) {
            tensors.add(tensor(in, i));
        }
        // A file without tensors (a vocabulary) may end without padding.
        long dataStart = tensors.isEmpty() ? in.position() : padded(in.position(), alignment);
        requireLayout(in, tensors, file.byteSize() - dataStart, alignment);
        return new GgufHeader(new GgufMetadata(fileName, entries), byName(in, tensors), dataStart, alignment);
    }

    private static String key(GgufCursor in, long number) {
        return in.text(() -> "the key of metadata entry " + number, MOST_KEY_BYTES);
    }

    private static void requireMagic(GgufCursor in) {
        if (in.left() < 24) {
            throw in.damaged("it has only " + in.left() + " bytes");
        }
        int magic = in.int32();
        if (magic != MAGIC) {
            throw in.damaged("it does not begin with \"GGUF\" but with 0x" + Integer.toHexString(magic)
                    + ": is it a model in another format?");
        }
        int version = in.int32();
        if (version < OLDEST_VERSION || version > NEWEST_VERSION) {
            int swapped = Integer.reverseBytes(version);
            throw in.damaged(
                    swapped >= 1 && swapped <= NEWEST_VERSION
                            ? "it is big-endian: convert it to little-endian"
                            : "it has version " + Integer.toUnsignedString(version) + "; versions " + OLDEST_VERSION
                                    + " and " + NEWEST_VERSION + " are supported: convert it with a newer converter");
        }
    }

    private static MetadataValue value(GgufCursor in, String key) {
        MetadataType type = in.metadataType(key);
        in.countValues(key, 1);
        if (type != MetadataType.ARRAY) {
            return new MetadataValue(type, false, List.of(single(in, key, type)));
        }
        MetadataType element = in.metadataType(key);
        if (element == MetadataType.ARRAY) {
            throw in.damaged("metadata entry '" + shortened(key) + "' is an array of arrays");
        }
        long count = in.count("elements in '" + shortened(key) + "'", element.leastBytes());
        in.countValues(key, count);
        List<Object> values = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            values.add(single(in, key, element));
        }
        return new MetadataValue(element, true, values);
    }

    private static Object single(GgufCursor in, String key, MetadataType type) {
        return switch (type) {
            case UINT8 -> (long) (in.int8() & 0xFF);
            case INT8 -> (long) in.int8();
            case UINT16 -> (long) (in.int16() & 0xFFFF);
            case INT16 -> (long) in.int16();
            case UINT32 -> Integer.toUnsignedLong(in.int32());
            case INT32 -> (long) in.int32();
            case UINT64, INT64 -> in.int64();
            case FLOAT32 -> (double) Float.intBitsToFloat(in.int32());
            case FLOAT64 -> Double.longBitsToDouble(in.int64());
            case BOOL -> {
                int value = in.int8();
                if (value != 0 && value != 1) {
                    throw in.damaged("metadata entry '" + shortened(key) + "' is a truth value of " + value);
                }
                yield value == 1;
            }
            case STRING -> in.text(() -> "metadata entry '" + shortened(key) + "'", MOST_TEXT_BYTES);
            case ARRAY -> throw new IllegalArgumentException("an array is not a single value");
        };
    }

    private static long alignment(GgufCursor in, @Nullable MetadataValue given) {
        if (given == null) {
            return DEFAULT_ALIGNMENT;
        }
        Object value = given.values().isEmpty() ? "" : given.values().getFirst();
        boolean valid = !given.array()
                && value instanceof Long number
                && number >= 1
                && number <= MOST_ALIGNMENT
                && Long.bitCount(number) == 1;
        if (!valid) {
            throw in.damaged(ALIGNMENT_KEY + " is " + shortened(value.toString()) + ", not a power of two up to "
                    + MOST_ALIGNMENT);
        }
        return (Long) value;
    }

    private static GgufTensor tensor(GgufCursor in, long number) {
        String name = in.text(() -> "the name of tensor " + number, MOST_NAME_BYTES);
        int rank = in.int32();
        if (rank < 1 || rank > MOST_DIMS) {
            throw in.damaged(name, "it has " + Integer.toUnsignedString(rank) + " dimensions, not 1 to " + MOST_DIMS);
        }
        List<Integer> dims = new ArrayList<>();
        long size = 1;
        for (int i = 0; i < rank; i++) {
            long dim = in.int64();
            if (dim < 1 || dim > Integer.MAX_VALUE) {
                throw in.damaged(name, "dimension " + Long.toUnsignedString(dim) + " is not 1 to " + Integer.MAX_VALUE);
            }
            if (size > in.fileBytes() * 2 / dim) { // no type takes less than half a byte an element
                throw in.damaged(name, "its dimensions ask for more elements than the file can hold");
            }
            size *= dim;
            dims.add((int) dim);
        }
        long typeNumber = Integer.toUnsignedLong(in.int32());
        StorageType type = TensorTypes.numbered(typeNumber)
                .orElseThrow(() -> in.unsupported("tensor '" + shortened(name) + "' is stored as "
                        + TensorTypes.nameOfOther(typeNumber) + ", which is not supported; supported are "
                        + String.join(", ", TensorTypes.names()) + ": take a file in one of them"));
        if (dims.getFirst() % type.blockElements() != 0) {
            throw in.damaged(
                    name,
                    "rows of " + dims.getFirst() + " elements do not fill blocks of " + type + ", which have "
                            + type.blockElements());
        }
        long offset = in.int64();
        return new GgufTensor(name, type, dims.reversed(), offset);
    }

    /** Tensors follow one another in their order, each padded; so none overlaps another or leaves the file. */
    private static void requireLayout(GgufCursor in, List<GgufTensor> tensors, long dataBytes, long alignment) {
        long expected = 0;
        for (GgufTensor tensor : tensors) {
            if (tensor.offset() != expected) {
                throw in.damaged(
                        tensor.name(),
                        "it lies at offset " + Long.toUnsignedString(tensor.offset()) + " of the data instead of "
                                + expected);
            }
            long end = expected + tensor.bytes();
            if (end > dataBytes) {
                throw in.damaged(
                        tensor.name(),
                        "it ends at byte " + end + " of the data, which has " + Math.max(0, dataBytes)
                                + " (is the file truncated? copy it again)");
            }
            expected = padded(end, alignment);
        }
    }

    private static Map<String, GgufTensor> byName(GgufCursor in, List<GgufTensor> tensors) {
        Map<String, GgufTensor> named = new LinkedHashMap<>();
        for (GgufTensor tensor : tensors) {
            if (named.put(tensor.name(), tensor) != null) {
                throw in.damaged(tensor.name(), "there are two of this name");
            }
        }
        return named;
    }

    static long padded(long bytes, long alignment) {
        return Math.ceilDiv(bytes, alignment) * alignment;
    }

    static String shortened(String text) {
        return shortened(text, 120);
    }

    /** Text of the file in a message: it may be long or hold control characters. */
    static String shortened(String text, int most) {
        String printable = text.replaceAll("\\p{Cntrl}", "?");
        return printable.length() <= most ? printable : printable.substring(0, most) + "...";
    }
}
