package dev.troupe.actors.training.mesh;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;

/**
 * Which nodes fail again and again, so that they get no ranks any more: each time costs all of them the current step.
 * Used by one thread.
 */
final class NodeFailures {
    private final int limit;
    private final long windowMillis;
    private final List<NodeFailure> failures = new ArrayList<>();

    /**
     * Remembers those of a coordinator before.
     *
     * @param limit failures within {@code window} that exclude a node; 0 for never
     */
    NodeFailures(int limit, Duration window, Collection<NodeFailure> before) {
        this.limit = limit;
        this.windowMillis = window.toMillis();
        failures.addAll(before);
    }

    /** A node has failed. */
    void add(NodeFailure failure) {
        failures.add(failure);
    }

    /** A node has failed now: what is to be told of it. */
    MeshEvent.NodeFailed failed(String node, long nowMillis, String cause) {
        NodeFailure failure = new NodeFailure(node, nowMillis);
        add(failure);
        return new MeshEvent.NodeFailed(failure, cause, count(node, nowMillis), excludes(node, nowMillis));
    }

    /** How often a node has failed lately. */
    int count(String node, long nowMillis) {
        return (int) failures.stream()
                .filter(failure -> failure.node().equals(node) && failure.atMillis() > nowMillis - windowMillis)
                .count();
    }

    /** Whether a node is to get no ranks now. */
    boolean excludes(String node, long nowMillis) {
        return limit > 0 && count(node, nowMillis) >= limit;
    }

    /** Those that may have ranks; all of them where that is none. */
    <N> List<N> usable(List<N> alive, Function<N, String> name, long nowMillis) {
        List<N> usable = alive.stream()
                .filter(node -> !excludes(name.apply(node), nowMillis))
                .toList();
        return usable.isEmpty() ? alive : usable;
    }
}
