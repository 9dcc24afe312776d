package dev.troupe.model.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Byte-level BPE vocabularies of any size that no text was needed for, for models whose weights mean nothing either.
 * After the bytes come the shortest of these texts: a space or a letter, letters that each come later in the alphabet,
 * and one more of any kind, as in " bet", "all" or "be". Each is merged from the one that is a letter shorter. Merges
 * that begin with an earlier letter come first, so the beginning of such a text merges before its middle, and every
 * token is reached.
 */
public final class SyllableVocabulary {
    private static final int NUM_BYTES = 256;

    private SyllableVocabulary() {}

    /**
     * A vocabulary of exactly so many ids, the last of them for the end of a text.
     *
     * @param vocabSize at least 257
     */
    public static ByteLevelBpe of(int vocabSize) {
        if (vocabSize <= NUM_BYTES) {
            throw new IllegalArgumentException(
                    "a vocabulary of " + vocabSize + " has no room for " + NUM_BYTES + " bytes and the end of a text");
        }
        ByteLevelBpe.Builder builder = new ByteLevelBpe.Builder(PreTokenizers.GPT2);
        Map<String, Integer> ids = new HashMap<>();
        for (int id = 0; id < NUM_BYTES; id++) {
            builder.token(id, new byte[] {(byte) id});
            ids.put(Character.toString(id), id);
        }
        int next = NUM_BYTES;
        for (String text : syllables(vocabSize - 1 - NUM_BYTES)) {
            int last = text.length() - 1;
            builder.token(next, text.getBytes(StandardCharsets.US_ASCII));
            builder.merge(id(ids, text.substring(0, last)), text.charAt(last), next);
            ids.put(text, next++);
        }
        return builder.special(SpecialTokens.guessingEnd(Map.of(BpeTrainer.END_OF_TEXT, next), Tokenizer.NO_TOKEN))
                .build();
    }

    private static int id(Map<String, Integer> ids, String text) {
        Integer id = ids.get(text);
        if (id == null) {
            throw new IllegalStateException("'" + text + "' comes behind what it is part of");
        }
        return id;
    }

    /** The shortest {@code count}, in the order of their merges. */
    private static List<String> syllables(int count) {
        List<String> all = new ArrayList<>();
        List<String> rising = new ArrayList<>(List.of(" "));
        for (char letter = 'a'; letter <= 'z'; letter++) {
            rising.add(Character.toString(letter));
        }
        while (all.size() < count && !rising.isEmpty()) {
            List<String> longer = new ArrayList<>();
            for (String start : rising) {
                for (char letter = 'a'; letter <= 'z' && all.size() < count; letter++) {
                    all.add(start + letter);
                    if (letter > start.charAt(start.length() - 1)) {
                        longer.add(start + letter);
                    }
                }
            }
            rising = longer;
        }
        if (all.size() < count) {
            throw new IllegalArgumentException("there are " + all.size() + " such texts, not " + count);
        }
        all.sort(Comparator.<String>comparingInt(text -> text.charAt(0))
                .thenComparingInt(String::length)
                .thenComparing(Comparator.naturalOrder()));
        return all;
    }
}
