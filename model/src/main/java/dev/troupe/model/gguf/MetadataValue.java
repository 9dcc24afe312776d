package dev.troupe.model.gguf;

import java.util.List;

/**
 * One value of the metadata.
 *
 * @param type of the value, or of an array's elements
 * @param array whether it is an array
 * @param values the elements, or the one value: {@link Long}, {@link Double} (a float32 is widened), {@link Boolean} or
 *     {@link String}
 */
public record MetadataValue(MetadataType type, boolean array, List<Object> values) {
    public MetadataValue {
        values = List.copyOf(values);
        if (type == MetadataType.ARRAY || (!array && values.size() != 1)) {
            throw new IllegalArgumentException("a value is one of a plain type, an array has elements of one");
        }
        for (Object value : values) {
            requireClass(type, value);
        }
    }

    private static void requireClass(MetadataType type, Object value) {
        Class<?> wanted = switch (type) {
            case FLOAT32, FLOAT64 -> Double.class;
            case BOOL -> Boolean.class;
            case STRING -> String.class;
            default -> Long.class;
        };
        if (!wanted.isInstance(value)) {
            throw new IllegalArgumentException(type + " cannot be " + value.getClass());
        }
    }

    public static MetadataValue uint32(long value) {
        return new MetadataValue(MetadataType.UINT32, false, List.of(value));
    }

    public static MetadataValue int32(int value) {
        return new MetadataValue(MetadataType.INT32, false, List.of((long) value));
    }

    public static MetadataValue float32(float value) {
        return new MetadataValue(MetadataType.FLOAT32, false, List.of((double) value));
    }

    public static MetadataValue bool(boolean value) {
        return new MetadataValue(MetadataType.BOOL, false, List.of(value));
    }

    public static MetadataValue text(String value) {
        return new MetadataValue(MetadataType.STRING, false, List.of(value));
    }

    public static MetadataValue texts(List<String> values) {
        return new MetadataValue(MetadataType.STRING, true, List.copyOf(values));
    }

    public static MetadataValue float32s(List<Float> values) {
        return new MetadataValue(
                MetadataType.FLOAT32,
                true,
                values.stream().map(value -> (Object) value.doubleValue()).toList());
    }

    public static MetadataValue int32s(List<Integer> values) {
        return new MetadataValue(
                MetadataType.INT32,
                true,
                values.stream().map(value -> (Object) value.longValue()).toList());
    }
}
