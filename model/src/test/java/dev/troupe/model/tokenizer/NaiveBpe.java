package dev.troupe.model.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** BPE training as one would write it on a blackboard, over byte-alphabet strings: the reference for the fast one. */
final class NaiveBpe {
    private record Pair(String left, String right) {}

    private NaiveBpe() {}

    /** Merges of ASCII text until there are so many distinct tokens, bytes included. */
    static List<String> merges(String text, int vocabSize) {
        List<List<String>> words = words(text);
        Set<String> joined = new HashSet<>();
        List<String> merges = new ArrayList<>();
        while (256 + joined.size() < vocabSize) {
            Map<Pair, Integer> counts = new HashMap<>();
            for (List<String> word : words) {
                for (int i = 0; i + 1 < word.size(); i++) {
                    counts.merge(new Pair(word.get(i), word.get(i + 1)), 1, Integer::sum);
                }
            }
            Pair best = counts.keySet().stream()
                    .max(Comparator.<Pair>comparingInt(counts::get)
                            .thenComparing(Pair::left)
                            .thenComparing(Pair::right))
                    .orElseThrow();
            merges.add(spell(best.left()) + " " + spell(best.right()));
            joined.add(best.left() + best.right());
            words.replaceAll(word -> apply(word, best));
        }
        return merges;
    }

    private static List<List<String>> words(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        List<List<String>> words = new ArrayList<>();
        for (int from = 0; from < bytes.length; ) {
            int to = PreTokenizers.GPT2.next(bytes, from, bytes.length);
            words.add(List.of(text.substring(from, to).split("")));
            from = to;
        }
        return words;
    }

    private static List<String> apply(List<String> word, Pair pair) {
        List<String> merged = new ArrayList<>();
        for (int i = 0; i < word.size(); i++) {
            if (i + 1 < word.size()
                    && word.get(i).equals(pair.left())
                    && word.get(i + 1).equals(pair.right())) {
                merged.add(pair.left() + pair.right());
                i++;
            } else {
                merged.add(word.get(i));
            }
        }
        return merged;
    }

    private static String spell(String token) {
        return ByteLevelAlphabet.spell(token.getBytes(StandardCharsets.US_ASCII));
    }
}
