package dev.troupe.model.tokenizer;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The pre-tokenizers that this build knows. */
public final class PreTokenizers {
    /** GPT-2, and the tokenizers that Troupe trains. */
    public static final PreTokenizer GPT2 = new Gpt2PreTokenizer();

    /** GPT-3.5, GPT-4 and Llama 3. */
    public static final PreTokenizer CL100K = new Cl100kPreTokenizer("cl100k", 3);
    /** Qwen 2 and 3. */
    public static final PreTokenizer QWEN2 = new Cl100kPreTokenizer("qwen2", 1);
    /** GPT-4o. */
    public static final PreTokenizer O200K = new O200kPreTokenizer();

    /** SmolLM: digits by themselves, then as GPT-2. */
    public static final PreTokenizer SMOLLM = new SingleDigits();

    private static final List<PreTokenizer> ALL = List.of(GPT2, CL100K, QWEN2, O200K, SMOLLM);
    /** The same cuts in other words. */
    private static final String GPT2_AS_FIRST_PUBLISHED =
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

    private static final Map<String, PreTokenizer> BY_PATTERN = byPattern();

    private PreTokenizers() {}

    private static Map<String, PreTokenizer> byPattern() {
        Map<String, PreTokenizer> patterns = new LinkedHashMap<>();
        ALL.forEach(p -> patterns.put(p.pattern(), p));
        patterns.put(GPT2_AS_FIRST_PUBLISHED, GPT2);
        return Collections.unmodifiableMap(patterns);
    }

    /** The known patterns, in all their spellings. */
    static Map<String, PreTokenizer> patterns() {
        return BY_PATTERN;
    }

    /** The scanner for a pattern as a tokenizer.json spells it. */
    public static Optional<PreTokenizer> forPattern(String pattern) {
        return Optional.ofNullable(BY_PATTERN.get(pattern));
    }

    /** Names of the known patterns, for messages. */
    static List<String> names() {
        return ALL.stream().map(PreTokenizer::name).toList();
    }
}
