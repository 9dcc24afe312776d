package dev.troupe.deploy.run;

import dev.troupe.actors.training.TrainingEvent;
import dev.troupe.actors.training.mesh.NodeResources;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** What happens to the ranks of a mesh, in words. */
final class MeshNotes {
    private static final double MEGA = 1e6;

    private MeshNotes() {}

    static String seated(TrainingEvent.Seated seated) {
        return String.format(
                Locale.ROOT, "%s after %.1f s: %s", ranksOnNodes(seated.nodes()), seated.seconds(), seated.placement());
    }

    static String recovered(TrainingEvent.Recovered recovered) {
        return String.format(
                Locale.ROOT,
                "%s; training goes on from step %d after %.1f s, %s: %s",
                cause(recovered.lost(), recovered.cause()),
                recovered.step(),
                recovered.seconds(),
                ranksOnNodes(recovered.nodes()),
                recovered.placement());
    }

    /** What was lost, if something was, and what was noticed first. */
    static String cause(List<String> lost, String cause) {
        return lost.isEmpty() ? cause : "lost " + String.join(", ", lost) + " (" + cause + ")";
    }

    private static String ranksOnNodes(List<NodeResources> nodes) {
        int ranks = nodes.stream().mapToInt(node -> node.ranks().size()).sum();
        return ranks
                + (ranks == 1 ? " rank on " : " ranks on ")
                + nodes.size()
                + (nodes.size() == 1 ? " node" : " nodes");
    }

    /** A node's ranks and memory. */
    static String node(NodeResources node) {
        return node.node() + ": " + seat(node);
    }

    /** The same without the node's name. */
    static String seat(NodeResources node) {
        return "ranks "
                + node.ranks().stream().map(String::valueOf).collect(Collectors.joining(",")) + ", "
                + node.threads() + (node.threads() == 1 ? " thread, " : " threads, ") + memory(node.memory());
    }

    /** Megabytes of each part. */
    static String memory(NodeResources.Memory memory) {
        return String.format(
                Locale.ROOT,
                "MB: weights %.1f, gradients %.1f, optimizer %.1f, windows %.1f, activations %.1f, copies %.1f",
                memory.weights() / MEGA,
                memory.gradients() / MEGA,
                memory.optimizer() / MEGA,
                memory.windows() / MEGA,
                memory.activations() / MEGA,
                memory.copies() / MEGA);
    }
}
