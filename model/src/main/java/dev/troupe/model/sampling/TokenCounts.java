package dev.troupe.model.sampling;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Which tokens a request has seen: what the penalties look at. Sparse; not thread-safe. */
public final class TokenCounts {
    private final Set<Integer> prompt = new HashSet<>();
    private final Map<Integer, Integer> answer = new HashMap<>();

    /** Counts for an answer to this prompt. */
    public static TokenCounts ofPrompt(int[] tokens) {
        TokenCounts counts = new TokenCounts();
        for (int token : tokens) {
            counts.prompt.add(token);
        }
        return counts;
    }

    /** Counts one more token of the answer. */
    public void add(int token) {
        answer.merge(token, 1, Integer::sum);
    }

    /** Takes back an {@link #add}. */
    public void remove(int token) {
        answer.computeIfPresent(token, (key, count) -> count > 1 ? count - 1 : null);
    }

    /** How often the answer has this token. */
    public int inAnswer(int token) {
        return answer.getOrDefault(token, 0);
    }

    Set<Integer> promptTokens() {
        return prompt;
    }

    Map<Integer, Integer> answerTokens() {
        return answer;
    }
}
