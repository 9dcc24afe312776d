package dev.troupe.actors.training.data;

import java.util.Arrays;
import java.util.Locale;

/** Where a run's tokens come from; {@code data.from} says it. */
public enum TokenOrigin {
    /** From files where the folder is there, else from data nodes. */
    AUTO,
    /** From files of each machine. */
    FILES,
    /** From the cluster's nodes with the role {@code data}. */
    NODES;

    /** The words of the configuration. */
    public static String[] names() {
        return Arrays.stream(values())
                .map(origin -> origin.name().toLowerCase(Locale.ROOT))
                .toArray(String[]::new);
    }

    /** The origin of a word. */
    public static TokenOrigin named(String name) {
        return valueOf(name.toUpperCase(Locale.ROOT));
    }
}
