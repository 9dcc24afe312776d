package dev.troupe.model.tokenizer;

import java.util.List;
import java.util.Optional;

/** The pre-tokenizers that this build knows. */
public final class PreTokenizers {
    /** GPT-2, and the tokenizers that Troupe trains. */
    public static final PreTokenizer GPT2 = new Gpt2PreTokenizer();

    private static final List<PreTokenizer> ALL = List.of(GPT2);

    private PreTokenizers() {}

    /** All of them. */
    public static List<PreTokenizer> all() {
        return ALL;
    }

    /** The scanner for a pattern as a tokenizer.json spells it. */
    public static Optional<PreTokenizer> forPattern(String pattern) {
        return ALL.stream().filter(p -> p.pattern().equals(pattern)).findFirst();
    }

    /** Names of the known patterns, for messages. */
    static List<String> names() {
        return ALL.stream().map(PreTokenizer::name).toList();
    }
}
