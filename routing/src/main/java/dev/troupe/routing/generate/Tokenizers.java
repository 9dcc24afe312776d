package dev.troupe.routing.generate;

import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.routing.route.ModelKey;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The tokenizers of served models, each parsed once, whichever replica it came from. Thread-safe. */
final class Tokenizers {
    /** Versions come and go; beyond this many the cache starts anew. */
    private static final int MAX_CACHED = 32;

    private final Map<ModelKey, Tokenizer> cache = new ConcurrentHashMap<>();

    /** Whether {@link #of} takes no time. */
    boolean has(ModelDescription model) {
        return cache.containsKey(ModelKey.of(model));
    }

    Tokenizer of(ModelDescription model) {
        if (cache.size() >= MAX_CACHED) {
            cache.clear();
        }
        return cache.computeIfAbsent(
                ModelKey.of(model), key -> model.tokenizer().tokenizer());
    }
}
