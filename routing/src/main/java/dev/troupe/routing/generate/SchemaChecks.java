package dev.troupe.routing.generate;

import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.model.chat.ToolFormat;
import dev.troupe.model.grammar.AnswerForm;
import dev.troupe.model.grammar.JsonGrammar;
import dev.troupe.model.grammar.SchemaException;
import dev.troupe.model.grammar.Spelling;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.routing.route.ModelKey;
import dev.troupe.routing.route.RequestFailure;
import dev.troupe.routing.route.RequestFailure.Kind;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Refuses forms that answers cannot be held to, before a replica sees them. Thread-safe. */
final class SchemaChecks {
    /** Schemas and models come and go; beyond this many the memory of them starts anew. */
    private static final int MAX_KNOWN = 256;

    private static final int MAX_MODELS = 32;

    private record Checked(ModelKey model, List<AnswerForm> forms) {}

    private final Map<ModelKey, Spelling> spellings = new ConcurrentHashMap<>();
    private final Set<Checked> good = ConcurrentHashMap.newKeySet();

    /**
     * Passes forms that answers can be held to; none are never wrong.
     *
     * @param field what clients call it
     * @throws RequestFailure that says what is wrong and where
     */
    void check(List<AnswerForm> forms, String field, ModelDescription model, Tokenizer tokenizer) {
        var checked = new Checked(ModelKey.of(model), forms);
        if (forms.isEmpty() || good.contains(checked)) {
            return;
        }
        if (spellings.size() >= MAX_MODELS) {
            spellings.clear();
        }
        try {
            JsonGrammar.check(
                    forms, spellings.computeIfAbsent(checked.model(), key -> Spelling.of(tokenizer, ToolFormat.MARKS)));
        } catch (SchemaException e) {
            throw new RequestFailure(Kind.INVALID, "Invalid schema: " + e.getMessage() + ".", field);
        }
        if (good.size() >= MAX_KNOWN) {
            good.clear();
        }
        good.add(checked);
    }
}
