package dev.troupe.model.grammar;

import dev.troupe.model.sampling.TokenMask;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * JSON schemas, or forms with marks around JSON, ready to hold answers of one vocabulary to them. Thread-safe; keeps
 * masks that were asked for.
 */
public final class JsonGrammar {
    /** The schema of what OpenAI's API calls a JSON object: any. */
    public static final String ANY_OBJECT = "{\"type\":\"object\"}";

    private final Automaton automaton;
    private final TokenTrie trie;
    private final TokenMasks masks;

    private JsonGrammar(Automaton automaton, TokenTrie trie) {
        this.automaton = automaton;
        this.trie = trie;
        this.masks = new TokenMasks(automaton, trie);
    }

    /**
     * Compiles the forms that an answer may have: milliseconds.
     *
     * @param forms not empty
     * @throws SchemaException when a schema asks for what is not supported, is too large, or nothing that the
     *     vocabulary can spell is valid by any of them
     */
    public static JsonGrammar compile(List<AnswerForm> forms, TokenTrie trie) {
        return new JsonGrammar(FormCompiler.compile(forms, trie.spelling()), trie);
    }

    /**
     * Finds what is wrong with forms.
     *
     * @throws SchemaException as {@link #compile} does
     */
    public static void check(List<AnswerForm> forms, Spelling spelling) {
        FormCompiler.compile(forms, spelling);
    }

    /** The place before the first token. */
    public GrammarState start() {
        return GrammarState.start(automaton);
    }

    /**
     * The tokens that may come next: those whose bytes a valid text can go on with.
     *
     * @param ends tokens that may come when the text is complete, and not before, whatever their bytes
     */
    public TokenMask mask(GrammarState state, Collection<Integer> ends) {
        return masks.mask(state, ends);
    }

    /** The place behind one more token; empty when it may not come. */
    Optional<GrammarState> append(GrammarState state, int token) {
        byte[] bytes = trie.spelling().of(token);
        return bytes.length == 0 ? Optional.empty() : state.append(bytes);
    }

    /** Tokens of the vocabulary. */
    public int vocabSize() {
        return trie.vocabSize();
    }

    /** States of the automaton, a measure of its size. */
    public int numStates() {
        return automaton.numStates();
    }
}
