package dev.troupe.actors.serving.engine;

import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.model.chat.ToolFormat;
import dev.troupe.model.grammar.AnswerForm;
import dev.troupe.model.grammar.ConstrainedText;
import dev.troupe.model.grammar.JsonGrammar;
import dev.troupe.model.grammar.Spelling;
import dev.troupe.model.grammar.TokenTrie;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The forms that answers of one model are held to, the latest of them ready for use. Thread-safe. */
public final class Grammars {
    /** Each keeps some MB of masks. */
    private static final int MOST = 16;

    private final ModelDescription model;
    private final Map<List<AnswerForm>, JsonGrammar> ready = new LinkedHashMap<>(MOST, 0.75f, true);
    private @Nullable TokenTrie trie; // of the vocabulary, which is read when the first forms come

    public Grammars(ModelDescription model) {
        this.model = model;
    }

    /** Forms that were compiled already. */
    public synchronized Optional<JsonGrammar> find(List<AnswerForm> forms) {
        return Optional.ofNullable(ready.get(forms));
    }

    /**
     * Compiles forms, which takes milliseconds; the first time of all some hundred of them. Not for an actor's thread.
     *
     * @throws dev.troupe.model.grammar.SchemaException when answers cannot be held to it
     */
    public JsonGrammar compile(List<AnswerForm> forms) {
        JsonGrammar grammar = find(forms).orElseGet(() -> JsonGrammar.compile(forms, trie()));
        synchronized (this) {
            ready.put(forms, grammar);
            if (ready.size() > MOST) {
                ready.remove(ready.keySet().iterator().next());
            }
        }
        return grammar;
    }

    /** The beginning of a request's answer. */
    public ConstrainedText begin(JsonGrammar grammar, GenerationRequest request) {
        return new ConstrainedText(grammar, Set.copyOf(request.stopTokens()));
    }

    private synchronized TokenTrie trie() {
        if (trie == null) {
            trie = TokenTrie.of(Spelling.of(model.tokenizer().tokenizer(), ToolFormat.MARKS));
        }
        return trie;
    }
}
