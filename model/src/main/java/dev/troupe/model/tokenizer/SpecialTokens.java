package dev.troupe.model.tokenizer;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * The special tokens of a vocabulary and the parts that two of them play.
 *
 * @param ids id of each special token by its spelling, in the order of the file
 * @param added tokens that are no special ones, but are found in a text before anything is merged
 * @param ends ids that end an answer, {@code endOfText} among them
 * @param endOfText id that ends a document, or {@link Tokenizer#NO_TOKEN}
 * @param beginOfText id that every sequence begins with, or {@link Tokenizer#NO_TOKEN}
 * @param rules by which those are found whose spelling is not all
 */
record SpecialTokens(
        Map<String, Integer> ids,
        Map<String, Integer> added,
        int endOfText,
        int beginOfText,
        Set<Integer> ends,
        Map<String, MatchRules> rules) {
    static final SpecialTokens NONE = new SpecialTokens(Map.of(), Tokenizer.NO_TOKEN, Tokenizer.NO_TOKEN);

    /** Spellings of the end of a text in well-known vocabularies, in order of preference. */
    private static final List<String> ENDS = List.of(
            "<|endoftext|>", "<|end_of_text|>", "</s>", "<|eot_id|>", "<|im_end|>", "<eos>", "[EOS]", "<|end|>");

    SpecialTokens {
        ids = Collections.unmodifiableMap(new LinkedHashMap<>(ids));
        added = Collections.unmodifiableMap(new LinkedHashMap<>(added));
        rules = Map.copyOf(rules);
        Set<Integer> all = new TreeSet<>(ends);
        if (endOfText != Tokenizer.NO_TOKEN) {
            all.add(endOfText);
        }
        ends = Collections.unmodifiableSet(all);
    }

    /** Special tokens without other added ones; only the end of a text ends an answer. */
    SpecialTokens(Map<String, Integer> ids, int endOfText, int beginOfText) {
        this(ids, Map.of(), endOfText, beginOfText, Set.of(), Map.of());
    }

    /** The same with tokens that are found in a text. */
    SpecialTokens withAdded(Map<String, Integer> found) {
        return new SpecialTokens(ids, found, endOfText, beginOfText, ends, rules);
    }

    /** The same with rules for those that have any. */
    SpecialTokens withRules(Map<String, MatchRules> found) {
        return new SpecialTokens(ids, added, endOfText, beginOfText, ends, found);
    }

    /** The same with more ids that end an answer. */
    SpecialTokens withEnds(Collection<Integer> more) {
        Set<Integer> all = new TreeSet<>(ends);
        all.addAll(more);
        return new SpecialTokens(ids, added, endOfText, beginOfText, all, rules);
    }

    /** Spellings that are found where markup counts: special and other added tokens. */
    Map<String, Integer> markup() {
        Map<String, Integer> all = new LinkedHashMap<>(ids);
        all.putAll(added);
        return all;
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

    Optional<String> spelling(int id) {
        return ids.entrySet().stream()
                .filter(entry -> entry.getValue() == id)
                .map(Map.Entry::getKey)
                .findFirst();
    }

    Optional<Integer> begin() {
        return beginOfText == Tokenizer.NO_TOKEN ? Optional.empty() : Optional.of(beginOfText);
    }
}
