package dev.troupe.model.gguf;

import dev.troupe.model.TroupeException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** Typed reading of a file's metadata, with errors that name the file and the key. */
public final class GgufMetadata {
    private static final int SHOWN = 80;

    private final String file;
    private final Map<String, MetadataValue> entries;

    /** @param file for messages */
    public GgufMetadata(String file, Map<String, MetadataValue> entries) {
        this.file = file;
        this.entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
    }

    /** All entries in the order of the file. */
    public Map<String, MetadataValue> entries() {
        return entries;
    }

    public boolean has(String key) {
        return entries.containsKey(key);
    }

    public Optional<String> text(String key) {
        return one(key, "a string", value -> value instanceof String).map(String.class::cast);
    }

    public Optional<Boolean> flag(String key) {
        return one(key, "a truth value", value -> value instanceof Boolean).map(Boolean.class::cast);
    }

    /** A whole number from 0 on. */
    public Optional<Integer> count(String key) {
        return one(key, "a whole number from 0 to " + Integer.MAX_VALUE, GgufMetadata::isCount)
                .map(value -> ((Long) value).intValue());
    }

    /** A finite number. */
    public Optional<Double> number(String key) {
        return one(key, "a finite number", value -> value instanceof Double number && Double.isFinite(number))
                .map(Double.class::cast);
    }

    /** A whole number from 1 on, which must be there. */
    public int positive(String key) {
        int value = count(key).orElseThrow(() -> missing(key));
        if (value == 0) {
            throw new TroupeException(file + ": " + key + " must be at least 1, but it is 0");
        }
        return value;
    }

    /** A whole number from 1 on. */
    public int positive(String key, int absent) {
        return has(key) ? positive(key) : absent;
    }

    /** A whole number from 1 to {@code most}, which must be there. */
    public int upTo(int most, String key) {
        int value = positive(key);
        if (value > most) {
            throw new TroupeException(file + ": " + key + " must be at most " + most + ", but it is " + value);
        }
        return value;
    }

    /** A whole number from 1 to {@code most}. */
    public int upTo(int most, String key, int absent) {
        return has(key) ? upTo(most, key) : absent;
    }

    public Optional<List<String>> texts(String key) {
        return many(key, "an array of strings", value -> value instanceof String)
                .map(list -> list.stream().map(String.class::cast).toList());
    }

    /** Finite numbers. */
    public Optional<List<Double>> numbers(String key) {
        return many(key, "an array of numbers", value -> value instanceof Double number && Double.isFinite(number))
                .map(list -> list.stream().map(Double.class::cast).toList());
    }

    /** Whole numbers from 0 on. */
    public Optional<List<Integer>> counts(String key) {
        return many(key, "an array of whole numbers from 0 on", GgufMetadata::isCount)
                .map(list ->
                        list.stream().map(value -> ((Long) value).intValue()).toList());
    }

    /** Text of a file in a message: it may be long or hold control characters. */
    public static String shown(String text) {
        return GgufHeader.shortened(text, SHOWN);
    }

    private static boolean isCount(Object value) {
        return value instanceof Long number && number >= 0 && number <= Integer.MAX_VALUE;
    }

    private Optional<Object> one(String key, String expected, Predicate<Object> holds) {
        MetadataValue value = entries.get(key);
        if (value == null) {
            return Optional.empty();
        }
        if (value.array() || !holds.test(value.values().getFirst())) {
            throw wrong(key, expected, value);
        }
        return Optional.of(value.values().getFirst());
    }

    private Optional<List<Object>> many(String key, String expected, Predicate<Object> holds) {
        MetadataValue value = entries.get(key);
        if (value == null) {
            return Optional.empty();
        }
        if (!value.array() || !value.values().stream().allMatch(holds)) {
            throw wrong(key, expected, value);
        }
        return Optional.of(value.values());
    }

    private TroupeException missing(String key) {
        return new TroupeException(file + ": " + key + " is missing in its metadata");
    }

    private TroupeException wrong(String key, String expected, MetadataValue value) {
        String shown = value.array()
                ? "an array of " + value.values().size() + " " + value.type()
                : value.type() + " " + shown(value.values().getFirst().toString());
        return new TroupeException(file + ": " + key + " must be " + expected + ", but it is " + shown);
    }
}
