package dev.troupe.actors.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import dev.troupe.model.TroupeException;
import java.util.Collection;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/** Finds keys that no part of the system reads: a mistyped setting must not be passed over in silence. */
public final class KnownKeys {
    private static final String ROOT = "troupe.";

    private KnownKeys() {}

    /** Fails when {@code user} has a key that {@code known} lacks, and suggests the nearest that it has. */
    public static void require(Config user, Config known) {
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
                        + entry.getValue().unwrapped() + "): did you mean \"" + meant(key, keys) + "\"?");
            }
        }
    }

    private static String meant(String key, SortedSet<String> keys) {
        String full = ROOT + key;
        return keys.contains(full) ? full : nearest(key, keys);
    }

    /** The candidate with the smallest edit distance to {@code key}; the first in order among equals. */
    private static String nearest(String key, Collection<String> candidates) {
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
}
