package dev.troupe.model.grammar;

import dev.troupe.model.sampling.TokenMask;
import java.util.BitSet;
import java.util.Collection;

/** A JSON schema ready to hold answers of one vocabulary to it. Thread-safe; keeps masks that were asked for. */
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
     * Compiles a schema: milliseconds.
     *
     * @throws SchemaException when it asks for what is not supported, is too large, or nothing that the vocabulary can
     *     spell is valid by it
     */
    public static JsonGrammar compile(String schema, TokenTrie trie) {
        return new JsonGrammar(SchemaCompiler.compile(schema, trie.alphabet()), trie);
    }

    /**
     * Finds what is wrong with a schema.
     *
     * @param alphabet {@link TokenTrie#alphabet} of a vocabulary
     * @throws SchemaException as {@link #compile} does
     */
    public static void check(String schema, BitSet alphabet) {
        SchemaCompiler.compile(schema, alphabet);
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

    /** Tokens of the vocabulary. */
    public int vocabSize() {
        return trie.vocabSize();
    }

    /** States of the automaton, a measure of its size. */
    public int numStates() {
        return automaton.numStates();
    }
}
