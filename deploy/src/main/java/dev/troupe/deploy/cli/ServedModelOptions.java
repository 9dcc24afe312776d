package dev.troupe.deploy.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How the model of a measurement is served: options as {@code up} has them, and keys of the configuration. */
final class ServedModelOptions {
    @Option(names = "--weights", paramLabel = "TYPE", description = "as for up")
    private @Nullable String weights;

    @Option(names = "--prefill", paramLabel = "HOW", description = "as for up")
    private @Nullable String prefill;

    @Option(names = "--decode", paramLabel = "HOW", description = "as for up")
    private @Nullable String decode;

    @Option(names = "--kv-cache-type", paramLabel = "TYPE", description = "as for up")
    private @Nullable String cache;

    @Option(names = "-D", paramLabel = "key=value", description = "sets a key of the configuration")
    private Map<String, String> keys = new LinkedHashMap<>();

    /** What was set; may be added to. */
    Map<String, Object> values() {
        Map<String, Object> set = new LinkedHashMap<>(keys);
        CommandLineKeys.put(set, "troupe.serving.weights", weights);
        CommandLineKeys.put(set, "troupe.serving.prefill", prefill);
        CommandLineKeys.put(set, "troupe.serving.decode", decode);
        CommandLineKeys.put(set, "troupe.serving.kvCacheType", cache);
        return set;
    }
}
