package dev.troupe.model.grammar;

import dev.troupe.model.grammar.Configurations.BottomListener;
import java.util.Optional;

/** A place in a text that a grammar allows so far. Immutable: equal texts have equal places. */
public final class GrammarState {
    private final Automaton automaton;
    private final Configurations configurations;

    private GrammarState(Automaton automaton, Configurations configurations) {
        this.automaton = automaton;
        this.configurations = configurations;
    }

    /** The empty text. */
    static GrammarState start(Automaton automaton) {
        Configurations first = new Configurations(automaton, Automaton.MAX_DEPTH);
        first.add(automaton.root(), null, BottomListener.NONE);
        return new GrammarState(automaton, first);
    }

    /** The text with more bytes behind it, or empty when no valid text begins so. */
    public Optional<GrammarState> append(byte[] bytes) {
        Configurations at = configurations;
        for (byte b : bytes) {
            at = at.step(b & 0xFF, BottomListener.NONE);
            if (at.isEmpty()) {
                return Optional.empty();
            }
        }
        return Optional.of(new GrammarState(automaton, at));
    }

    /** Whether the text is valid as it stands; more may follow all the same ("12" after "1"). */
    public boolean isComplete() {
        return configurations.isComplete();
    }

    Configurations configurations() {
        return configurations;
    }
}
