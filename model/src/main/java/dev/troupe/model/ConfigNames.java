package dev.troupe.model;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** Constants as configurations and commands name them: in lower case. */
public final class ConfigNames {
    private ConfigNames() {}

    /** The name of a constant. */
    public static String of(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    /** The names of all constants, in their order. */
    public static <E extends Enum<E>> List<String> all(Class<E> type) {
        return Arrays.stream(type.getEnumConstants()).map(ConfigNames::of).toList();
    }

    /**
     * The constant of a name.
     *
     * @param kind what it is, for the message: "precision"
     * @throws TroupeException when there is none; its message lists the names
     */
    public static <E extends Enum<E>> E find(Class<E> type, String kind, String name) {
        return Arrays.stream(type.getEnumConstants())
                .filter(constant -> of(constant).equals(name))
                .findFirst()
                .orElseThrow(() -> new TroupeException(
                        kind + " \"" + name + "\" is unknown; there is " + String.join(", ", all(type))));
    }
}
