package dev.troupe.deploy.cli;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine;

/**
 * The subcommands of a command by name. One that is asked for by its name is the only one that is made: the options of
 * all of them take a fifth of the time in which a model is loaded.
 */
final class Subcommands {
    private final Map<String, Class<?>> classes;

    /** @param classes in the order of help */
    private Subcommands(Map<String, Class<?>> classes) {
        this.classes = Collections.unmodifiableMap(classes);
    }

    /** None yet. */
    static Subcommands none() {
        return new Subcommands(Map.of());
    }

    /** These and one more. */
    Subcommands and(String name, Class<?> command) {
        Map<String, Class<?>> more = new LinkedHashMap<>(classes);
        more.put(name, command);
        return new Subcommands(more);
    }

    /** By name. */
    Map<String, Class<?>> classes() {
        return classes;
    }

    /**
     * Gives {@code command} the one that is asked for, or all where it is none of them: then help is, or there is a
     * mistake that needs all names.
     *
     * @param name the word behind the command's own, or an empty one
     */
    void addTo(CommandLine command, String name) {
        Class<?> asked = classes.get(name);
        if (asked == null) {
            classes.forEach(command::addSubcommand);
        } else {
            command.addSubcommand(name, asked);
        }
    }
}
