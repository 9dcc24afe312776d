package dev.troupe.model.grammar;

import dev.troupe.model.sampling.TokenMask;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The text of one answer that is held to a grammar, token by token. A function of the tokens alone: built again from
 * them, it goes on as if nothing had been. Not thread-safe.
 */
public final class ConstrainedText {
    private final JsonGrammar grammar;
    private final Set<Integer> ends;
    private GrammarState state;

    /** @param ends tokens that may end the answer, once it is complete */
    public ConstrainedText(JsonGrammar grammar, Set<Integer> ends) {
        this.grammar = grammar;
        this.ends = Set.copyOf(ends);
        this.state = grammar.start();
    }

    /** Tokens that may come next; empty when the text is complete, cannot go on, and no token says so. */
    public TokenMask allowed() {
        return grammar.mask(state, ends);
    }

    /** Tokens that may come next after some more; empty when these may not come, or nothing may follow them. */
    public Optional<TokenMask> allowedAfter(List<Integer> tokens) {
        Optional<GrammarState> at = Optional.of(state);
        for (int token : tokens) {
            at = at.flatMap(before -> grammar.append(before, token));
        }
        return at.map(after -> grammar.mask(after, ends)).filter(mask -> !mask.isEmpty());
    }

    /**
     * One more token of the text, or its end.
     *
     * @throws IllegalArgumentException when it may not come next
     */
    public void append(int token) {
        boolean isEnd = ends.contains(token) && state.isComplete();
        if (isEnd) {
            return;
        }
        state = grammar.append(state, token)
                .orElseThrow(() -> new IllegalArgumentException(
                        "token " + token + " cannot go on with a text that the answer's schema allows"));
    }
}
