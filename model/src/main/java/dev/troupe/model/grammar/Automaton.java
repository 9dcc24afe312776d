package dev.troupe.model.grammar;

import java.util.Arrays;

/**
 * A pushdown automaton over bytes. Within a rule it is deterministic by bytes; a state may also call rules, each with
 * the state to return to. A text is complete when the root rule accepts with nothing on the stack.
 *
 * <p>{@link #need} makes two promises cheap to keep: nothing leads where no complete text is, and nesting stays below
 * {@link #MAX_DEPTH}. It is the least stack that a state needs to come to its rule's end; who only enters states whose
 * need fits what is left of the stack can always go on.
 */
final class Automaton {
    /** Most frames of a stack: objects and arrays in each other, and two for a character of a text. */
    static final int MAX_DEPTH = 66;

    /** Target of a byte that cannot come. */
    static final int NONE = -1;

    /** Return state of a call with nothing to do afterwards. */
    static final int TAIL = -1;

    /** Need of a state from which no end can be reached. */
    static final int NEVER = Integer.MAX_VALUE;

    private final int root;
    private final int[] firstEdge; // [S + 1]
    private final int[] lo; // [edges], sorted within a state
    private final int[] hi;
    private final int[] target;
    private final int[] firstCall; // [S + 1]
    private final int[] callee; // [calls] first state of the rule
    private final int[] returnTo; // [calls] or TAIL
    private final boolean[] accepting;
    private final int[] need;

    Automaton(
            int root,
            int[] firstEdge,
            int[] lo,
            int[] hi,
            int[] target,
            int[] firstCall,
            int[] callee,
            int[] returnTo,
            boolean[] accepting) {
        this.root = root;
        this.firstEdge = firstEdge;
        this.lo = lo;
        this.hi = hi;
        this.target = target;
        this.firstCall = firstCall;
        this.callee = callee;
        this.returnTo = returnTo;
        this.accepting = accepting;
        this.need = computeNeed();
    }

    private int[] computeNeed() {
        int[] least = new int[numStates()];
        Arrays.fill(least, NEVER);
        boolean changed = true;
        // States come after those that lead to them, mostly: backwards needs few rounds.
        while (changed) {
            changed = false;
            for (int state = numStates() - 1; state >= 0; state--) {
                int value = needOf(state, least);
                if (value < least[state]) {
                    least[state] = value;
                    changed = true;
                }
            }
        }
        return least;
    }

    private int needOf(int state, int[] least) {
        int best = accepting[state] ? 0 : NEVER;
        for (int e = firstEdge[state]; e < firstEdge[state + 1]; e++) {
            best = Math.min(best, least[target[e]]);
        }
        for (int c = firstCall[state]; c < firstCall[state + 1]; c++) {
            best = Math.min(best, callNeed(c, least));
        }
        return best;
    }

    private int callNeed(int call, int[] least) {
        int inside = least[callee[call]];
        if (returnTo[call] == TAIL || inside == NEVER) {
            return inside;
        }
        return Math.max(inside + 1, least[returnTo[call]]);
    }

    int numStates() {
        return accepting.length;
    }

    int root() {
        return root;
    }

    /** Whether any text is complete, within the limit of nesting. */
    boolean isSatisfiable() {
        return need[root] <= MAX_DEPTH;
    }

    boolean isAccepting(int state) {
        return accepting[state];
    }

    int need(int state) {
        return need[state];
    }

    /** Where a byte leads, or {@link #NONE}. */
    int step(int state, int value) {
        for (int e = firstEdge[state]; e < firstEdge[state + 1]; e++) {
            if (value <= hi[e]) {
                return value >= lo[e] ? target[e] : NONE;
            }
        }
        return NONE;
    }

    boolean hasEdges(int state) {
        return firstEdge[state] < firstEdge[state + 1];
    }

    int callsFrom(int state) {
        return firstCall[state];
    }

    int callsTo(int state) {
        return firstCall[state + 1];
    }

    int callee(int call) {
        return callee[call];
    }

    int returnTo(int call) {
        return returnTo[call];
    }

    /** Stack that a call needs, that of its return included. */
    int callNeed(int call) {
        return callNeed(call, need);
    }

    /** Whether nothing but bytes goes on from here. */
    boolean isPlain(int state) {
        return !accepting[state] && firstCall[state] == firstCall[state + 1];
    }
}
