package dev.troupe.model.grammar;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * A grammar in the making: rules that are nondeterministic automata over bytes and may call each other. Every rule ends
 * in one accepting state without edges, and accepts no empty text.
 */
final class GrammarBuilder {
    /** More than this is refused: each state costs memory and, when a mask is computed for it, time. */
    static final int MAX_STATES = 200_000;

    /** A transition by a byte in [lo, hi]. */
    record Edge(int lo, int hi, int target) {}

    /** A transition by a text of another rule. */
    record Call(int rule, int target) {}

    /** A rule's first and accepting state. */
    record Rule(int start, int end) {}

    private final List<List<Edge>> edges = new ArrayList<>();
    private final List<List<Integer>> empties = new ArrayList<>();
    private final List<List<Call>> calls = new ArrayList<>();
    private final List<Rule> rules = new ArrayList<>();
    private final BitSet accepting = new BitSet();

    int state() {
        if (edges.size() >= MAX_STATES) {
            throw new SchemaException("#", "is too large: lower its length limits or make it simpler");
        }
        edges.add(new ArrayList<>(2));
        empties.add(new ArrayList<>(1));
        calls.add(new ArrayList<>(1));
        return edges.size() - 1;
    }

    /** A rule without transitions yet. */
    int rule() {
        Rule rule = new Rule(state(), state());
        accepting.set(rule.end());
        rules.add(rule);
        return rules.size() - 1;
    }

    int start(int rule) {
        return rules.get(rule).start();
    }

    int end(int rule) {
        return rules.get(rule).end();
    }

    void empty(int from, int to) {
        empties.get(from).add(to);
    }

    void bytes(int from, int lo, int hi, int to) {
        edges.get(from).add(new Edge(lo, hi, to));
    }

    void call(int from, int rule, int to) {
        calls.get(from).add(new Call(rule, to));
    }

    /** A fixed text. */
    void literal(int from, byte[] text, int to) {
        int at = from;
        for (int i = 0; i < text.length; i++) {
            int next = i == text.length - 1 ? to : state();
            int b = text[i] & 0xFF;
            bytes(at, b, b, next);
            at = next;
        }
    }

    /** One ASCII character. */
    int character(int from, char c) {
        int to = state();
        bytes(from, c, c, to);
        return to;
    }

    List<Edge> edges(int state) {
        return edges.get(state);
    }

    List<Integer> empties(int state) {
        return empties.get(state);
    }

    List<Call> calls(int state) {
        return calls.get(state);
    }

    boolean isAccepting(int state) {
        return accepting.get(state);
    }
}
