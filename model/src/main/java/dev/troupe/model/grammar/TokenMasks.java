package dev.troupe.model.grammar;

import dev.troupe.model.grammar.Configurations.BottomListener;
import dev.troupe.model.grammar.Configurations.Configuration;
import dev.troupe.model.sampling.TokenMask;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The tokens that may come next at a place of a grammar. What a state allows without leaving its rule does not depend
 * on the stack: it is computed once, by one walk of trie and automaton, and kept. Only tokens that leave the rule, few,
 * are followed for each stack anew. Thread-safe; results do not depend on what is kept.
 */
final class TokenMasks {
    /** Bytes of kept masks, at most; then all are forgotten. */
    private static final long MAX_KEPT_BYTES = 16L << 20;

    /** No text of a token gets this deep. */
    private static final int NO_LIMIT = 1 << 20;

    /**
     * What a state allows in its rule: tokens, nodes of the trie where the rule may end, the deepest stack that any of
     * it needs, counted from the rule, and whether alternatives were dropped on the way.
     */
    private static final class Inside {
        private final long[] bits;
        private final int[] leaving;
        private final int peak;
        private final boolean overflown;

        Inside(long[] bits, int[] leaving, int peak, boolean overflown) {
            this.bits = bits;
            this.leaving = leaving;
            this.peak = peak;
            this.overflown = overflown;
        }
    }

    /** A state, and the frames that a stack may have above it. */
    private record Place(int state, int room) {}

    private final Automaton automaton;
    private final TokenTrie trie;
    private final int numWords;
    private final int maxKept;
    private final Map<Place, Inside> kept = new ConcurrentHashMap<>();

    TokenMasks(Automaton automaton, TokenTrie trie) {
        this.automaton = automaton;
        this.trie = trie;
        this.numWords = (trie.vocabSize() + 63) / 64;
        this.maxKept = (int) Math.max(1, MAX_KEPT_BYTES / (numWords * (long) Long.BYTES));
    }

    /** @param ends tokens that may come when the text is complete, and not before */
    TokenMask mask(GrammarState state, Collection<Integer> ends) {
        long[] bits = new long[numWords];
        boolean exact = true;
        for (Configuration configuration : state.configurations().all()) {
            exact &= addTokens(configuration, bits);
        }
        if (!exact) {
            // Which alternatives are dropped depends on all of them: they must be followed together.
            bits = new long[numWords];
            follow(0, state.configurations(), bits);
        }
        boolean complete = state.isComplete();
        for (int end : ends) {
            if (end >> 6 < numWords) {
                long bit = 1L << end;
                bits[end >> 6] = complete ? bits[end >> 6] | bit : bits[end >> 6] & ~bit;
            }
        }
        return new TokenMask(bits);
    }

    /** False when alternatives had to be dropped. */
    private boolean addTokens(Configuration configuration, long[] bits) {
        if (!automaton.hasEdges(configuration.state())) {
            return true; // what it leads to without a byte is there as well
        }
        Frame stack = configuration.stack();
        int room = Automaton.MAX_DEPTH - Frame.depth(stack);
        Inside inside = inside(configuration.state(), NO_LIMIT);
        if (inside.peak > room) {
            // Close to the limit of nesting: some of that is too deep here.
            inside = inside(configuration.state(), room);
        }
        for (int i = 0; i < numWords; i++) {
            bits[i] |= inside.bits[i];
        }
        boolean exact = !inside.overflown;
        if (stack != null) {
            for (int node : inside.leaving) {
                Configurations outside = new Configurations(automaton, Automaton.MAX_DEPTH);
                outside.add(stack.returnTo(), stack.below(), BottomListener.NONE);
                exact &= !outside.isOverflown() && follow(node, outside, bits);
            }
        }
        return exact;
    }

    private Inside inside(int state, int room) {
        Place place = new Place(state, room);
        Inside known = kept.get(place);
        if (known != null) {
            return known;
        }
        Inside computed = new Walk(room).run(state);
        if (kept.size() >= maxKept) {
            kept.clear();
        }
        kept.put(place, computed);
        return computed;
    }

    /** Marks what may follow from a node on, with whole stacks; false when alternatives had to be dropped. */
    private boolean follow(int node, Configurations at, long[] bits) {
        boolean exact = true;
        for (int child = trie.childrenFrom(node); child < trie.childrenTo(node); child++) {
            Configurations next = at.step(trie.label(child), BottomListener.NONE);
            exact &= !next.isOverflown();
            if (!next.isEmpty()) {
                trie.mark(child, bits);
                exact &= follow(child, next, bits);
            }
        }
        return exact;
    }

    /** A walk of the whole trie from one state, with a stack that begins at the state's rule. */
    private final class Walk {
        private final int room;
        private final long[] bits = new long[numWords];
        private final IntColumn leaving = new IntColumn();
        private int peak;
        private boolean overflown;

        Walk(int room) {
            this.room = room;
        }

        Inside run(int state) {
            // Calls and the end of the rule are configurations of their own.
            one(0, state, null);
            return new Inside(bits, leaving.toArray(), peak, overflown);
        }

        /** The common case without objects: bytes lead from one state to one other. */
        private void one(int node, int state, @Nullable Frame stack) {
            for (int child = trie.childrenFrom(node); child < trie.childrenTo(node); child++) {
                int target = automaton.step(state, trie.label(child));
                if (target == Automaton.NONE || automaton.need(target) == Automaton.NEVER) {
                    continue;
                }
                if (automaton.isPlain(target)) {
                    int deep = Frame.depth(stack) + automaton.need(target);
                    peak = Math.max(peak, deep);
                    if (deep <= room) {
                        trie.mark(child, bits);
                        one(child, target, stack);
                    }
                } else {
                    Configurations next = new Configurations(automaton, room);
                    next.add(target, stack, leavingAt(child));
                    many(child, next);
                }
            }
        }

        private void many(int node, Configurations at) {
            peak = Math.max(peak, at.peak());
            overflown |= at.isOverflown();
            if (at.isEmpty()) {
                return;
            }
            trie.mark(node, bits);
            if (at.all().size() == 1) {
                Configuration only = at.all().getFirst();
                one(node, only.state(), only.stack());
                return;
            }
            for (int child = trie.childrenFrom(node); child < trie.childrenTo(node); child++) {
                many(child, at.step(trie.label(child), leavingAt(child)));
            }
        }

        private BottomListener leavingAt(int node) {
            boolean[] told = new boolean[1];
            return () -> {
                if (!told[0]) {
                    told[0] = true;
                    leaving.add(node);
                }
            };
        }
    }
}
