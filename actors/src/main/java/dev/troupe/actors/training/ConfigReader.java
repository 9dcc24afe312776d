package dev.troupe.actors.training;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import dev.troupe.model.TroupeException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads typed, range-checked values; every complaint names the key, the value and what would be right. */
final class ConfigReader {
    private final Config config;

    ConfigReader(Config config) {
        this.config = config;
    }

    /** A whole number in [from, to]. */
    int integer(String key, int from, int to) {
        return (int) whole(key, from, to);
    }

    /** A whole number in [from, to]. */
    long whole(String key, long from, long to) {
        String expected = "a whole number from " + from + " to " + to;
        long value;
        try {
            value = Long.parseLong(text(key));
        } catch (NumberFormatException e) {
            throw bad(key, expected);
        }
        if (value < from || value > to) {
            throw bad(key, expected);
        }
        return value;
    }

    /** A whole number in [from, to], or empty for the word {@code auto}. */
    OptionalInt integerOrAuto(String key, int from, int to) {
        if (text(key).equals("auto")) {
            return OptionalInt.empty();
        }
        try {
            return OptionalInt.of(integer(key, from, to));
        } catch (TroupeException e) {
            throw bad(key, "auto, or a whole number from " + from + " to " + to);
        }
    }

    /** A number in [from, to]. */
    double number(String key, double from, double to) {
        String expected = "a number from " + from + " to " + to;
        double value;
        try {
            value = Double.parseDouble(text(key));
        } catch (NumberFormatException e) {
            throw bad(key, expected);
        }
        if (!(value >= from && value <= to)) {
            throw bad(key, expected);
        }
        return value;
    }

    /** One of these words. */
    String word(String key, String... allowed) {
        String value = text(key);
        if (!List.of(allowed).contains(value)) {
            throw bad(key, "one of " + String.join(", ", allowed));
        }
        return value;
    }

    /** Text that is not blank. */
    String nonBlank(String key) {
        if (text(key).isBlank()) {
            throw bad(key, "some text");
        }
        return text(key);
    }

    /** Text; empty when it is blank. */
    Optional<String> optional(String key) {
        return Optional.of(text(key)).filter(text -> !text.isBlank());
    }

    /** A list of words, or its text. */
    List<String> words(String key) {
        try {
            return ConfigFactory.parseString("words = " + text(key)).getStringList("words");
        } catch (ConfigException e) {
            throw bad(key, "a list of words, such as [a, b]");
        }
    }

    /** The complaint about a value. */
    TroupeException bad(String key, String expected) {
        return new TroupeException(
                "configuration key \"" + key + "\" is \"" + text(key) + "\", but must be " + expected);
    }

    private String text(String key) {
        // getIsNull first: a key that a user sets to null would be "missing" to getValue, in words about paths.
        return config.getIsNull(key) ? "null" : text(config.getValue(key));
    }

    /** A value as records of a configuration have it, from which it can be read again. */
    static String text(ConfigValue value) {
        return value.valueType() == ConfigValueType.LIST
                ? value.render(ConfigRenderOptions.concise())
                : String.valueOf(value.unwrapped());
    }
}
