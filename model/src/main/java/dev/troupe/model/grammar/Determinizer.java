package dev.troupe.model.grammar;

import dev.troupe.model.grammar.GrammarBuilder.Call;
import dev.troupe.model.grammar.GrammarBuilder.Edge;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Makes an {@link Automaton} of a grammar's rules by the subset construction; calls of one rule are merged. */
final class Determinizer {
    /** More than this is refused, so that no schema takes much memory or time. */
    static final int MAX_STATES = 20_000;

    private static final int NUM_BYTES = 256;

    /** One state of the result. */
    private record State(List<Edge> edges, List<Call> calls, boolean accepting) {}

    private final GrammarBuilder grammar;
    private final BitSet alphabet;
    private final Map<List<Integer>, Integer> numbers = new HashMap<>();
    private final List<State> states = new ArrayList<>();
    private final Deque<List<Integer>> open = new ArrayDeque<>();

    private Determinizer(GrammarBuilder grammar, BitSet alphabet) {
        this.grammar = grammar;
        this.alphabet = alphabet;
    }

    /**
     * The automaton of a rule.
     *
     * @param alphabet bytes that can be had one by one; a text that needs others is no text
     * @throws SchemaException when it gets too large
     */
    static Automaton automaton(GrammarBuilder grammar, int rootRule, BitSet alphabet) {
        return new Determinizer(grammar, alphabet).run(rootRule);
    }

    private Automaton run(int rootRule) {
        int root = number(List.of(grammar.start(rootRule)));
        while (!open.isEmpty()) {
            states.add(expand(open.removeFirst()));
        }
        int numEdges = states.stream().mapToInt(state -> state.edges().size()).sum();
        int numCalls = states.stream().mapToInt(state -> state.calls().size()).sum();
        int[] firstEdge = new int[states.size() + 1];
        int[] lo = new int[numEdges];
        int[] hi = new int[numEdges];
        int[] target = new int[numEdges];
        int[] firstCall = new int[states.size() + 1];
        int[] callee = new int[numCalls];
        int[] returnTo = new int[numCalls];
        boolean[] accepting = new boolean[states.size()];
        int edge = 0;
        int call = 0;
        for (int i = 0; i < states.size(); i++) {
            State state = states.get(i);
            accepting[i] = state.accepting();
            for (Edge e : state.edges()) {
                lo[edge] = e.lo();
                hi[edge] = e.hi();
                target[edge++] = e.target();
            }
            for (Call c : state.calls()) {
                callee[call] = c.rule();
                returnTo[call++] = isEnd(states.get(c.target())) ? Automaton.TAIL : c.target();
            }
            firstEdge[i + 1] = edge;
            firstCall[i + 1] = call;
        }
        return new Automaton(root, firstEdge, lo, hi, target, firstCall, callee, returnTo, accepting);
    }

    private static boolean isEnd(State state) {
        return state.accepting() && state.edges().isEmpty() && state.calls().isEmpty();
    }

    /** The number of a set of states, which is new or not. */
    private int number(List<Integer> set) {
        List<Integer> closed = closure(set);
        Integer known = numbers.get(closed);
        if (known != null) {
            return known;
        }
        int number = numbers.size();
        if (number >= MAX_STATES) {
            throw new SchemaException("#", "is too large: lower its length limits or make it simpler");
        }
        numbers.put(closed, number);
        open.addLast(closed);
        return number;
    }

    private List<Integer> closure(List<Integer> set) {
        BitSet seen = new BitSet();
        Deque<Integer> todo = new ArrayDeque<>(set);
        while (!todo.isEmpty()) {
            int state = todo.removeFirst();
            if (!seen.get(state)) {
                seen.set(state);
                todo.addAll(grammar.empties(state));
            }
        }
        return seen.stream().boxed().toList();
    }

    private State expand(List<Integer> set) {
        List<Edge> all =
                set.stream().flatMap(state -> grammar.edges(state).stream()).toList();
        Map<Integer, List<Integer>> returns = new TreeMap<>(); // by rule
        for (int state : set) {
            for (Call call : grammar.calls(state)) {
                returns.computeIfAbsent(call.rule(), rule -> new ArrayList<>()).add(call.target());
            }
        }
        List<Call> calls = new ArrayList<>();
        returns.forEach((rule, targets) -> calls.add(new Call(number(List.of(grammar.start(rule))), number(targets))));
        return new State(edges(all), calls, set.stream().anyMatch(grammar::isAccepting));
    }

    /** Disjoint edges, those of neighbouring bytes with one target joined. */
    private List<Edge> edges(List<Edge> all) {
        int[] targets = new int[NUM_BYTES];
        Arrays.fill(targets, Automaton.NONE);
        int[] borders = all.stream()
                .flatMapToInt(edge -> Arrays.stream(new int[] {edge.lo(), edge.hi() + 1}))
                .sorted()
                .distinct()
                .toArray();
        for (int i = 0; i + 1 < borders.length; i++) {
            int from = borders[i];
            List<Integer> set = all.stream()
                    .filter(edge -> edge.lo() <= from && from <= edge.hi())
                    .map(Edge::target)
                    .distinct()
                    .toList();
            int next = alphabet.nextSetBit(from);
            if (!set.isEmpty() && next >= 0 && next < borders[i + 1]) {
                Arrays.fill(targets, from, borders[i + 1], number(set));
            }
        }
        List<Edge> result = new ArrayList<>();
        int start = 0;
        for (int b = 1; b <= NUM_BYTES; b++) {
            if (b == NUM_BYTES || target(targets, b) != target(targets, start)) {
                if (target(targets, start) != Automaton.NONE) {
                    result.add(new Edge(start, b - 1, targets[start]));
                }
                start = b;
            }
        }
        return result;
    }

    private int target(int[] targets, int value) {
        return alphabet.get(value) ? targets[value] : Automaton.NONE;
    }
}
