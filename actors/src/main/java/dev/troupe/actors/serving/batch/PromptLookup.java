package dev.troupe.actors.serving.batch;

import java.util.ArrayList;
import java.util.List;

/**
 * Guesses how a sequence goes on from what it says already: what followed when its latest tokens occurred before
 * ("prompt lookup decoding"; arXiv:2304.04487 for the idea). Costs a look at each token, and no model.
 */
final class PromptLookup {
    /** Fewer equal tokens than this are chance. */
    private static final int LEAST_MATCH = 2;
    /** More equal tokens than this make no better guess. */
    private static final int MOST_MATCH = 6;

    private PromptLookup() {}

    /**
     * At most {@code count} tokens that may follow, none when the latest tokens are new. Of earlier places the one with
     * the longest match counts, of equals the latest. A guess that runs into the end of the sequence repeats itself.
     */
    static List<Integer> draft(List<Integer> tokens, int count) {
        if (count <= 0) {
            return List.of(); // nothing to look for in a context that may be long
        }
        int end = tokens.size();
        int best = 0;
        int next = end; // where the guess starts
        for (int candidate = end - 1; candidate >= LEAST_MATCH && best < MOST_MATCH; candidate--) {
            int match = matchLength(tokens, candidate, end);
            if (match > best && match >= LEAST_MATCH) {
                best = match;
                next = candidate;
            }
        }
        List<Integer> draft = new ArrayList<>();
        while (best > 0 && draft.size() < count) {
            draft.add(next < end ? tokens.get(next) : draft.get(next - end));
            next++;
        }
        return draft;
    }

    /** How many tokens before {@code a} equal those before {@code b}, as far as it matters. */
    private static int matchLength(List<Integer> tokens, int a, int b) {
        int length = 0;
        while (length < MOST_MATCH && length < a && tokens.get(a - 1 - length).equals(tokens.get(b - 1 - length))) {
            length++;
        }
        return length;
    }
}
