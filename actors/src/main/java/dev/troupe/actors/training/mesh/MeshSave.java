package dev.troupe.actors.training.mesh;

import dev.troupe.actors.training.checkpoint.CheckpointWriter;
import dev.troupe.model.mesh.checkpoint.ShardFile;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** A checkpoint under way: which nodes have copied their states, and which have written them. */
final class MeshSave {
    private final CheckpointWriter.Save order;
    private final Set<String> nodes;
    private final long startNanos = System.nanoTime();
    private final Set<String> copied = new HashSet<>();
    private final Set<String> written = new HashSet<>();
    private final List<ShardFile> files = new ArrayList<>();

    /** A checkpoint that these nodes take part in. */
    MeshSave(CheckpointWriter.Save order, Set<String> nodes) {
        this.order = order;
        this.nodes = Set.copyOf(nodes);
    }

    CheckpointWriter.Save order() {
        return order;
    }

    /** Steps taken before it. */
    long step() {
        return order.state().step();
    }

    /** A node has copied. */
    void copied(String node) {
        copied.add(node);
    }

    /** A node has written, so it has copied, too. */
    void written(String node, List<ShardFile> ofNode) {
        copied.add(node);
        if (written.add(node)) {
            files.addAll(ofNode);
        }
    }

    /** Whether states may change. */
    boolean isCopied() {
        return copied.containsAll(nodes);
    }

    /** Whether nothing of it is the nodes' any more. */
    boolean isWritten() {
        return written.containsAll(nodes);
    }

    List<ShardFile> files() {
        return List.copyOf(files);
    }

    /** Since it was asked for. */
    double seconds() {
        return (System.nanoTime() - startNanos) * 1e-9;
    }
}
