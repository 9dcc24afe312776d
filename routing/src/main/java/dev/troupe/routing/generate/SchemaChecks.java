package dev.troupe.routing.generate;

import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.model.grammar.JsonGrammar;
import dev.troupe.model.grammar.SchemaException;
import dev.troupe.model.grammar.TokenTrie;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.routing.route.ModelKey;
import dev.troupe.routing.route.RequestFailure;
import dev.troupe.routing.route.RequestFailure.Kind;
import java.util.BitSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Refuses schemas that answers cannot be held to, before a replica sees them. Thread-safe. */
final class SchemaChecks {
    /** Schemas and models come and go; beyond this many the memory of them starts anew. */
    private static final int MAX_KNOWN = 256;

    private static final int MAX_MODELS = 32;

    private record Checked(ModelKey model, String schema) {}

    private final Map<ModelKey, BitSet> alphabets = new ConcurrentHashMap<>();
    private final Set<Checked> good = ConcurrentHashMap.newKeySet();

    /**
     * Passes schemas that answers can be held to; "" is no schema and never wrong.
     *
     * @param field what clients call it
     * @throws RequestFailure that says what is wrong and where
     */
    void check(String schema, String field, ModelDescription model, Tokenizer tokenizer) {
        var checked = new Checked(ModelKey.of(model), schema);
        if (schema.isEmpty() || good.contains(checked)) {
            return;
        }
        if (alphabets.size() >= MAX_MODELS) {
            alphabets.clear();
        }
        try {
            JsonGrammar.check(schema, alphabets.computeIfAbsent(checked.model(), key -> TokenTrie.alphabet(tokenizer)));
        } catch (SchemaException e) {
            throw new RequestFailure(Kind.INVALID, "Invalid schema: " + e.getMessage() + ".", field);
        }
        if (good.size() >= MAX_KNOWN) {
            good.clear();
        }
        good.add(checked);
    }
}
