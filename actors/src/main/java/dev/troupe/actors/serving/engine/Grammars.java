package dev.troupe.actors.serving.engine;

import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.model.grammar.ConstrainedText;
import dev.troupe.model.grammar.JsonGrammar;
import dev.troupe.model.grammar.TokenTrie;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.tokenizer.TokenizerJson;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The schemas that answers of one model are held to, the latest of them ready for use. Thread-safe. */
public final class Grammars {
    /** Each keeps some MB of masks. */
    private static final int MOST = 16;

    private final ModelDescription model;
    private final Map<String, JsonGrammar> ready = new LinkedHashMap<>(MOST, 0.75f, true);
    private @Nullable Vocabulary vocabulary; // read when the first schema comes

    /** A vocabulary and its tokens by their bytes. */
    private record Vocabulary(Tokenizer tokenizer, TokenTrie trie) {}

    public Grammars(ModelDescription model) {
        this.model = model;
    }

    /** A schema that was compiled already. */
    public synchronized Optional<JsonGrammar> find(String schema) {
        return Optional.ofNullable(ready.get(schema));
    }

    /**
     * Compiles a schema, which takes milliseconds; the first time of all some hundred of them. Not for an actor's
     * thread.
     *
     * @throws dev.troupe.model.grammar.SchemaException when answers cannot be held to it
     */
    public JsonGrammar compile(String schema) {
        JsonGrammar grammar = find(schema)
                .orElseGet(() -> JsonGrammar.compile(schema, vocabulary().trie()));
        synchronized (this) {
            ready.put(schema, grammar);
            if (ready.size() > MOST) {
                ready.remove(ready.keySet().iterator().next());
            }
        }
        return grammar;
    }

    /** The beginning of a request's answer. */
    public ConstrainedText begin(JsonGrammar grammar, GenerationRequest request) {
        return new ConstrainedText(grammar, vocabulary().tokenizer(), Set.copyOf(request.stopTokens()));
    }

    private synchronized Vocabulary vocabulary() {
        if (vocabulary == null) {
            Tokenizer tokenizer = TokenizerJson.parse(model.tokenizerJson());
            vocabulary = new Vocabulary(tokenizer, TokenTrie.of(tokenizer));
        }
        return vocabulary;
    }
}
