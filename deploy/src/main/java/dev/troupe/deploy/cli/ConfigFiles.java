package dev.troupe.deploy.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Finds and reads configuration: a file, or the name of a profile in the distribution's conf/. */
final class ConfigFiles {
    private static final String SUFFIX = ".conf";

    private ConfigFiles() {}

    /**
     * The configuration called {@code fileOrName}, with {@code overrides} on top of it.
     *
     * @throws TroupeException naming the file or the profiles that there are
     */
    static Config load(String fileOrName, Map<String, String> overrides) {
        return withOverrides(parse(find(fileOrName)), overrides);
    }

    /** {@code config} with {@code -D key=value} settings on top; values are read as HOCON values. */
    static Config withOverrides(Config config, Map<String, String> overrides) {
        Config result = config;
        for (Map.Entry<String, String> override : overrides.entrySet()) {
            result = single(override.getKey(), override.getValue()).withFallback(result);
        }
        return result;
    }

    private static Config single(String key, String value) {
        try {
            Config parsed = ConfigFactory.parseString(key + " = " + value);
            // A path such as ../text.txt or C:\text is no HOCON value on its own: take it literally.
            return parsed.hasPath(key) ? parsed : literal(key, value);
        } catch (ConfigException e) {
            return literal(key, value);
        }
    }

    private static Config literal(String key, String value) {
        try {
            return ConfigFactory.parseMap(Map.of(key, value), "-D");
        } catch (ConfigException e) {
            throw new TroupeException("-D " + key + "=" + value + ": '" + key + "' is not a configuration key", e);
        }
    }

    private static Config parse(Path file) {
        try {
            return ConfigFactory.parseFile(
                    file.toFile(), ConfigParseOptions.defaults().setAllowMissing(false));
        } catch (ConfigException e) {
            throw new TroupeException(
                    "the configuration " + file + " cannot be read: " + e.getMessage() + "; correct that line", e);
        }
    }

    private static Path find(String fileOrName) {
        Path file = Path.of(fileOrName);
        if (Files.isRegularFile(file)) {
            return file;
        }
        Path profile = profiles().resolve(fileOrName + SUFFIX);
        if (Files.isRegularFile(profile)) {
            return profile;
        }
        throw new TroupeException("there is no configuration file '" + fileOrName + "' and no profile of that name; the"
                + " profiles are: " + String.join(", ", profileNames()));
    }

    private static List<String> profileNames() {
        try (Stream<Path> files = Files.list(profiles())) {
            return files.map(path -> path.getFileName().toString())
                    .filter(name -> name.endsWith(SUFFIX))
                    .map(name -> name.substring(0, name.length() - SUFFIX.length()))
                    .sorted()
                    .collect(Collectors.toList());
        } catch (IOException e) {
            return List.of();
        }
    }

    /** conf/ of the distribution that this process runs from. */
    private static Path profiles() {
        return Path.of(System.getProperty("troupe.home", "."), "conf");
    }
}
