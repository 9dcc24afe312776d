package dev.troupe.model.grammar;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The places that an automaton may be in after a text: states with stacks, those that it comes to without a byte
 * included. Filled once, then only read.
 */
final class Configurations {
    /**
     * More alternatives than this at one place of a text are dropped, the later ones of the schema first: what is left
     * still leads to valid texts, and a schema of many alternatives in each other takes no more time than this.
     */
    static final int MOST = 32;

    /** A state, and what comes after its rule. */
    record Configuration(int state, @Nullable Frame stack) {}

    /** Told of rules that end where no frame is left. */
    @FunctionalInterface
    interface BottomListener {
        void ended();

        BottomListener NONE = () -> {};
    }

    private final Automaton automaton;
    private final int limit;
    private final List<Configuration> all = new ArrayList<>(4);
    private int peak;
    private boolean overflown;

    /** @param limit frames that a stack may have */
    Configurations(Automaton automaton, int limit) {
        this.automaton = automaton;
        this.limit = limit;
    }

    List<Configuration> all() {
        return all;
    }

    boolean isEmpty() {
        return all.isEmpty();
    }

    /** The deepest stack that anything added would need, whether it was within the limit or not. */
    int peak() {
        return peak;
    }

    /** Whether any alternative was dropped because there were too many. */
    boolean isOverflown() {
        return overflown;
    }

    /** Whether the text up to here is complete, when stacks begin at the root. */
    boolean isComplete() {
        return all.stream().anyMatch(c -> c.stack() == null && automaton.isAccepting(c.state()));
    }

    /** Adds a state and all that it leads to without a byte. */
    void add(int state, @Nullable Frame stack, BottomListener bottom) {
        if (!fits(Frame.depth(stack), automaton.need(state)) || contains(state, stack)) {
            return;
        }
        if (all.size() >= MOST) {
            overflown = true;
            return;
        }
        all.add(new Configuration(state, stack));
        for (int call = automaton.callsFrom(state); call < automaton.callsTo(state); call++) {
            if (fits(Frame.depth(stack), automaton.callNeed(call))) {
                int returnTo = automaton.returnTo(call);
                add(automaton.callee(call), returnTo == Automaton.TAIL ? stack : new Frame(returnTo, stack), bottom);
            }
        }
        if (automaton.isAccepting(state)) {
            if (stack == null) {
                bottom.ended();
            } else {
                add(stack.returnTo(), stack.below(), bottom);
            }
        }
    }

    private boolean fits(int depth, int need) {
        if (need == Automaton.NEVER) {
            return false;
        }
        peak = Math.max(peak, depth + need);
        return depth + need <= limit;
    }

    private boolean contains(int state, @Nullable Frame stack) {
        for (Configuration configuration : all) {
            if (configuration.state() == state && Objects.equals(configuration.stack(), stack)) {
                return true;
            }
        }
        return false;
    }

    /** Where a byte leads; empty when it cannot come. */
    Configurations step(int value, BottomListener bottom) {
        Configurations next = new Configurations(automaton, limit);
        for (Configuration configuration : all) {
            int target = automaton.step(configuration.state(), value);
            if (target != Automaton.NONE) {
                next.add(target, configuration.stack(), bottom);
            }
        }
        return next;
    }
}
