package dev.troupe.model.sampling;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which tokens a request has seen: what the penalties look at. Sparse; not thread-safe. */
public final class TokenCounts {
    private final List<Integer> prompt;
    private @Nullable Set<Integer> promptTokens; // few requests ask for it
    private final Map<Integer, Integer> answer = new HashMap<>();

    private TokenCounts(List<Integer> prompt) {
        this.prompt = prompt;
    }

    /** Counts for an answer to this prompt. */
    public static TokenCounts ofPrompt(List<Integer> tokens) {
        return new TokenCounts(List.copyOf(tokens));
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
        if (promptTokens == null) {
            promptTokens = new HashSet<>(prompt);
        }
        return promptTokens;
    }

    Map<Integer, Integer> answerTokens() {
        return answer;
    }
}
