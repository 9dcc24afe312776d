package dev.troupe.deploy.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options {@code --config} and {@code -D}, for the commands that are configured. */
final class ConfigOptions {
    @Option(
            names = "--config",
            paramLabel = "FILE|NAME",
            description = "a configuration file, or the name of a profile in the distribution's conf/")
    private @Nullable String config;

    @Option(
            names = "-D",
            paramLabel = "key=value",
            description = "sets a key of the configuration, such as -D train.steps=500; may be repeated")
    private Map<String, String> overrides = new LinkedHashMap<>();

    /** Whether {@code --config} was given. */
    boolean hasConfig() {
        return config != null;
    }

    /** What was given, as words of a shell's command line. */
    String arguments() {
        StringBuilder words = new StringBuilder();
        if (config != null) {
            words.append("--config ").append(quoted(config));
        }
        overrides.forEach((key, value) -> words.append(" -D ").append(quoted(key + "=" + value)));
        return words.toString().strip();
    }

    /** One word of a shell's command line. */
    static String quoted(String word) {
        return word.matches("[\\w./:=@,+-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }

    /** The name without folder and ending, or {@code otherwise}. */
    String nameOr(String otherwise) {
        return config == null
                ? otherwise
                : Path.of(config).getFileName().toString().replaceFirst("\\.conf$", "");
    }

    /** The configuration with the settings on top; empty when nothing was given. */
    Config load() {
        return loadOr(ConfigFactory.empty());
    }

    /** As {@link #load}, from {@code base} when no {@code --config} was given. */
    Config loadOr(Config base) {
        return config == null ? ConfigFiles.withOverrides(base, overrides) : ConfigFiles.load(config, overrides);
    }
}
