package dev.troupe.actors.training;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import dev.troupe.model.TroupeException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SortedSet;
import java.util.TreeSet;

/** Reads typed, range-checked values; every complaint names the key, the value and what would be right. */
final class ConfigReader {
    private final Config config;

    ConfigReader(Config config) {
        this.config = config;
    }

    /** Fails when {@code user} has a key that {@code known} lacks, and suggests the nearest that it has. */
    static void requireKnown(Config user, Config known) {
        SortedSet<String> keys = new TreeSet<>();
        known.entrySet().forEach(entry -> keys.add(entry.getKey()));
        for (String section : known.root().keySet()) {
            if (user.hasPath(section) && user.getValue(section).valueType() != ConfigValueType.OBJECT) {
                throw new TroupeException("configuration key \"" + section
                        + "\" is a section, not a value: set one of its keys, such as \""
                        + keys.tailSet(section + ".").first() + "\"");
            }
        }
        for (Map.Entry<String, ConfigValue> entry : user.entrySet()) {
            String key = entry.getKey();
            if (!keys.contains(key)) {
                throw new TroupeException("unknown configuration key \"" + key + "\" (value "
                        + entry.getValue().unwrapped() + "): did you mean \"" + nearest(key, keys) + "\"?");
            }
        }
    }

    /** The candidate with the smallest edit distance to {@code key}; the first in order among equals. */
    static String nearest(String key, Collection<String> candidates) {
        String best = "";
        int bestDistance = Integer.MAX_VALUE;
        for (String candidate : candidates) {
            int distance = editDistance(key, candidate);
            if (distance < bestDistance) {
                best = candidate;
                bestDistance = distance;
            }
        }
        return best;
    }

    private static int editDistance(String a, String b) {
        int[] previous = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] current = new int[b.length() + 1];
            current[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replace = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                current[j] = Math.min(replace, Math.min(previous[j], current[j - 1]) + 1);
            }
            previous = current;
        }
        return previous[b.length()];
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

    /** The complaint about a value. */
    TroupeException bad(String key, String expected) {
        return new TroupeException(
                "configuration key \"" + key + "\" is \"" + text(key) + "\", but must be " + expected);
    }

    private String text(String key) {
        // getIsNull first: a key that a user sets to null would be "missing" to getValue, in words about paths.
        return config.getIsNull(key)
                ? "null"
                : String.valueOf(config.getValue(key).unwrapped());
    }
}
