package dev.troupe.actors.training.eval;

import dev.troupe.actors.training.eval.EvaluationOrder.Kind;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Who evaluates what: each node one model at a time, the oldest checkpoint first. What a node that is lost had goes to
 * another; what one could not do, too, as long as there is one that has not tried. Not thread-safe.
 *
 * @param <N> names a node
 */
final class EvaluationQueue<N> {
    private final int capacity;
    private final Deque<EvaluationOrder> waiting = new ArrayDeque<>();
    private final Map<N, EvaluationOrder> assigned = new LinkedHashMap<>();
    private final Map<EvaluationOrder, Set<N>> failures = new HashMap<>();
    private Set<N> nodes = Set.of();

    /** @param capacity most checkpoints that wait: no more than are kept on disk */
    EvaluationQueue(int capacity) {
        this.capacity = capacity;
    }

    /** Adds an order, in place of a waiting one for the same step; returns what there is no room for any more. */
    Optional<EvaluationOrder> add(EvaluationOrder order) {
        waiting.removeIf(other -> isReplacedBy(other, order));
        if (order.kind().isFinal()) {
            waiting.addFirst(order);
            return Optional.empty();
        }
        waiting.addLast(order);
        List<EvaluationOrder> checkpoints =
                waiting.stream().filter(it -> it.kind() == Kind.CHECKPOINT).toList();
        if (checkpoints.size() <= capacity) {
            return Optional.empty();
        }
        waiting.remove(checkpoints.getFirst());
        return Optional.of(checkpoints.getFirst());
    }

    private static boolean isReplacedBy(EvaluationOrder other, EvaluationOrder order) {
        return order.kind().isShadow()
                ? other.kind().isShadow()
                        && (order.kind().isFinal() || !other.kind().isFinal())
                : !other.kind().isShadow() && other.step() == order.step();
    }

    /** These nodes are there now. */
    void nodes(Set<N> reachable) {
        nodes = Set.copyOf(reachable);
        Iterator<Map.Entry<N, EvaluationOrder>> entries = assigned.entrySet().iterator();
        while (entries.hasNext()) {
            Map.Entry<N, EvaluationOrder> entry = entries.next();
            if (!nodes.contains(entry.getKey())) {
                waiting.addFirst(entry.getValue());
                entries.remove();
            }
        }
    }

    Set<N> nodes() {
        return nodes;
    }

    /** Gives idle nodes what waits; says what was given. */
    Map<N, EvaluationOrder> assign() {
        Map<N, EvaluationOrder> given = new LinkedHashMap<>();
        for (N node : nodes) {
            Optional<EvaluationOrder> order = assigned.containsKey(node)
                    ? Optional.empty()
                    : waiting.stream().filter(it -> !triedBy(it).contains(node)).findFirst();
            if (order.isPresent()) {
                waiting.remove(order.get());
                assigned.put(node, order.get());
                given.put(node, order.get());
            }
        }
        return given;
    }

    /** What each node has. */
    Map<N, EvaluationOrder> assigned() {
        return Map.copyOf(assigned);
    }

    /** A node has evaluated; false when that is no news, because another one was asked meanwhile. */
    boolean done(N node, EvaluationOrder order) {
        failures.remove(order);
        return assigned.remove(node, order);
    }

    /** A node could not evaluate; true when that is to be told, because no other node will try. */
    boolean failed(N node, EvaluationOrder order) {
        if (!assigned.remove(node, order)) {
            return false;
        }
        Set<N> tried = failures.computeIfAbsent(order, _ -> new HashSet<>());
        tried.add(node);
        if (tried.containsAll(nodes)) {
            failures.remove(order);
            return true;
        }
        waiting.addFirst(order);
        return false;
    }

    private Set<N> triedBy(EvaluationOrder order) {
        return failures.getOrDefault(order, Set.of());
    }

    /** Takes the first waiting order of such a kind out. */
    Optional<EvaluationOrder> take(Predicate<Kind> wanted) {
        Optional<EvaluationOrder> order =
                waiting.stream().filter(it -> wanted.test(it.kind())).findFirst();
        order.ifPresent(waiting::remove);
        return order;
    }
}
