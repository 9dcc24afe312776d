package dev.troupe.routing.generate;

import dev.troupe.routing.stream.TextEvent;
import java.util.Arrays;

/** Counts the tokens of one request's answers as they end. Not thread-safe. */
public final class TokenUsage {
    private final int promptTokens;
    private final int choicesPerPrompt;
    private final int[] cached; // of each prompt, -1 until one of its answers has ended
    private int completionTokens;

    public TokenUsage(Generation generation) {
        this.promptTokens = generation.promptTokens();
        this.choicesPerPrompt = generation.numChoices() / generation.numPrompts();
        this.cached = new int[generation.numPrompts()];
        Arrays.fill(cached, -1);
    }

    /** An answer has ended. */
    public void ended(int choice, TextEvent.End end) {
        completionTokens += end.numTokens();
        int prompt = choice / choicesPerPrompt;
        cached[prompt] = cached[prompt] < 0 ? end.numCached() : Math.min(cached[prompt], end.numCached());
    }

    /** Of all prompts, each counted once. */
    public int promptTokens() {
        return promptTokens;
    }

    /** Of all answers that have ended. */
    public int completionTokens() {
        return completionTokens;
    }

    /** Prompts and answers. */
    public int totalTokens() {
        return promptTokens + completionTokens;
    }

    /** Tokens of the prompts that none of their answers had to compute, because a cache held them. */
    public int cachedTokens() {
        return Arrays.stream(cached).map(count -> Math.max(0, count)).sum();
    }
}
