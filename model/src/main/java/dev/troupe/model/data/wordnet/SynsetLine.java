package dev.troupe.model.data.wordnet;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads one line of a WordNet database file, as wndb(5WN) describes it:
 *
 * <pre>
 * offset lex_filenum ss_type w_cnt word lex_id [word lex_id...] p_cnt [symbol offset pos source/target...] | gloss
 * </pre>
 *
 * w_cnt is hexadecimal. Verbs have frames between the pointers and the bar, which are passed over.
 */
final class SynsetLine {
    private final String line;
    private int at;

    final int offset;
    final List<String> words;
    /** The synset of the first hypernym or instance hypernym, or -1. */
    int hypernymOffset = -1;

    boolean instance;

    SynsetLine(String line) {
        this.line = line;
        this.offset = Integer.parseInt(field());
        field(); // lexicographer file
        field(); // synset type
        int numWords = Integer.parseInt(field(), 16);
        words = new ArrayList<>(numWords);
        for (int i = 0; i < numWords; i++) {
            String word = naturalSpelling(field());
            if (!words.contains(word)) {
                words.add(word);
            }
            field(); // lexical id
        }
        readHypernym();
    }

    /** Stops at the first hypernym: some nouns point to hundreds of others. */
    private void readHypernym() {
        int numPointers = Integer.parseInt(field());
        for (int i = 0; i < numPointers; i++) {
            String symbol = field();
            String target = field();
            field(); // part of speech
            field(); // which word points to which
            if (symbol.equals("@") || symbol.equals("@i")) {
                hypernymOffset = Integer.parseInt(target);
                instance = symbol.equals("@i");
                return;
            }
        }
    }

    Gloss gloss() {
        int bar = line.indexOf(" | ");
        return bar < 0 ? new Gloss(List.of(), List.of()) : Gloss.parse(line.substring(bar + 3));
    }

    /** The first of {@code candidates} that is not a word of this synset. */
    @Nullable String firstOther(List<String> candidates) {
        for (String candidate : candidates) {
            if (!words.contains(candidate)) {
                return candidate;
            }
        }
        return null;
    }

    /** Underscores are spaces; a marker of an adjective's place, (a), (p) or (ip), is no part of the word. */
    private static String naturalSpelling(String field) {
        int marker = field.indexOf('(');
        return (marker > 0 ? field.substring(0, marker) : field).replace('_', ' ');
    }

    private String field() {
        int end = line.indexOf(' ', at);
        String field = line.substring(at, end);
        at = end + 1;
        return field;
    }
}
