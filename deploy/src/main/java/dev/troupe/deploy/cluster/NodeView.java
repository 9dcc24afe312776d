package dev.troupe.deploy.cluster;

import dev.troupe.deploy.node.NodeData;
import dev.troupe.deploy.node.NodeEvaluation;
import dev.troupe.deploy.node.NodeTraining;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A node of a {@link ClusterProcesses}, as it is now.
 *
 * @param number from 1
 * @param state "starting", "joining", what the node says of its membership, "silent" when it does not answer any more,
 *     or "ended"
 * @param exitCode of the process; null while it runs
 * @param address that other nodes name as a seed
 * @param metricsPort of its /metrics and /status
 * @param httpPort of a router; null for none
 * @param unreachable members that it cannot reach
 * @param training null when it does not train
 * @param evaluation null when it does not evaluate
 * @param data null when it gives no tokens
 */
public record NodeView(
        int number,
        long pid,
        String state,
        @Nullable Integer exitCode,
        String address,
        int metricsPort,
        @Nullable Integer httpPort,
        List<String> roles,
        int members,
        List<String> unreachable,
        @Nullable NodeTraining training,
        @Nullable NodeEvaluation evaluation,
        @Nullable NodeData data) {
    public NodeView {
        roles = List.copyOf(roles);
        unreachable = List.copyOf(unreachable);
    }

    /** The same but for the steps of its training and the tokens that it has given, which change all the time. */
    public boolean looksLike(NodeView other) {
        return withoutCounts().equals(other.withoutCounts());
    }

    private NodeView withoutCounts() {
        NodeTraining now = training;
        NodeData given = data;
        return new NodeView(
                number,
                pid,
                state,
                exitCode,
                address,
                metricsPort,
                httpPort,
                roles,
                members,
                unreachable,
                now == null ? null : new NodeTraining(now.run(), now.epoch(), 0, now.ranks()),
                evaluation,
                given == null ? null : new NodeData(given.folders(), 0));
    }
}
