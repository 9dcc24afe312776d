package dev.troupe.model.tokenizer;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The special tokens of a vocabulary and the parts that two of them play.
 *
 * @param ids id of each special token by its spelling, in the order of the file
 * @param endOfText id that ends a document, or {@link Tokenizer#NO_TOKEN}
 * @param beginOfText id that every sequence begins with, or {@link Tokenizer#NO_TOKEN}
 */
record SpecialTokens(Map<String, Integer> ids, int endOfText, int beginOfText) {
    static final SpecialTokens NONE = new SpecialTokens(Map.of(), Tokenizer.NO_TOKEN, Tokenizer.NO_TOKEN);

    /** Spellings of the end of a text in well-known vocabularies, in order of preference. */
    private static final List<String> ENDS = List.of(
            "<|endoftext|>", "<|end_of_text|>", "</s>", "<|eot_id|>", "<|im_end|>", "<eos>", "[EOS]", "<|end|>");

    SpecialTokens {
        ids = Collections.unmodifiableMap(new LinkedHashMap<>(ids));
    }

    /** Special tokens of which the one that is spelled like an end of text ends a text. */
    static SpecialTokens guessingEnd(Map<String, Integer> ids, int beginOfText) {
        for (String end : ENDS) {
            Integer id = ids.get(end);
            if (id != null) {
                return new SpecialTokens(ids, id, beginOfText);
            }
        }
        for (Map.Entry<String, Integer> entry : ids.entrySet()) {
            if (entry.getKey().contains("end")) {
                return new SpecialTokens(ids, entry.getValue(), beginOfText);
            }
        }
        return new SpecialTokens(ids, Tokenizer.NO_TOKEN, beginOfText);
    }

    Optional<Integer> find(String token) {
        return Optional.ofNullable(ids.get(token));
    }

    Optional<Integer> begin() {
        return beginOfText == Tokenizer.NO_TOKEN ? Optional.empty() : Optional.of(beginOfText);
    }
}
