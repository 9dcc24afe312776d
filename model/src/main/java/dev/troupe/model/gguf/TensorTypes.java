package dev.troupe.model.gguf;

import dev.troupe.model.tensor.StorageType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Numbers of tensor types (enum ggml_type of github.com/ggml-org/ggml, ggml.h). */
final class TensorTypes {
    /** Of types that are not read, for messages. */
    private static final Map<Long, String> OTHERS = Map.ofEntries(
            Map.entry(3L, "Q4_1"),
            Map.entry(6L, "Q5_0"),
            Map.entry(7L, "Q5_1"),
            Map.entry(9L, "Q8_1"),
            Map.entry(10L, "Q2_K"),
            Map.entry(11L, "Q3_K"),
            Map.entry(13L, "Q5_K"),
            Map.entry(15L, "Q8_K"),
            Map.entry(16L, "IQ2_XXS"),
            Map.entry(17L, "IQ2_XS"),
            Map.entry(18L, "IQ3_XXS"),
            Map.entry(19L, "IQ1_S"),
            Map.entry(20L, "IQ4_NL"),
            Map.entry(21L, "IQ3_S"),
            Map.entry(22L, "IQ2_S"),
            Map.entry(23L, "IQ4_XS"),
            Map.entry(24L, "I8"),
            Map.entry(25L, "I16"),
            Map.entry(26L, "I32"),
            Map.entry(27L, "I64"),
            Map.entry(28L, "F64"),
            Map.entry(29L, "IQ1_M"),
            Map.entry(34L, "TQ1_0"),
            Map.entry(35L, "TQ2_0"),
            Map.entry(39L, "MXFP4"));

    private TensorTypes() {}

    static int number(StorageType type) {
        return switch (type) {
            case F32 -> 0;
            case F16 -> 1;
            case Q4_0 -> 2;
            case Q8_0 -> 8;
            case Q4_K -> 12;
            case Q6_K -> 14;
            case BF16 -> 30;
        };
    }

    static Optional<StorageType> numbered(long number) {
        return Arrays.stream(StorageType.values())
                .filter(type -> number(type) == number)
                .findFirst();
    }

    /** What to call a number that is none of ours. */
    static String nameOfOther(long number) {
        return OTHERS.getOrDefault(number, "type " + Long.toUnsignedString(number));
    }

    static List<String> names() {
        return Arrays.stream(StorageType.values()).map(Enum::name).collect(Collectors.toUnmodifiableList());
    }
}
