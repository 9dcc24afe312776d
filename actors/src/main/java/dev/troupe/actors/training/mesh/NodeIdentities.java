package dev.troupe.actors.training.mesh;

import dev.troupe.actors.training.mesh.TrainerProtocol.Reported;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/** By what nodes are known again when they were restarted, whatever address they have then. */
final class NodeIdentities {
    private NodeIdentities() {}

    /** Identity by name of the node: what it says, or its name when it says none, or the same as another. */
    static Map<String, String> of(Collection<Reported> nodes) {
        Map<String, Integer> numNodes = new HashMap<>();
        nodes.forEach(node -> numNodes.merge(node.traits().identity(), 1, Integer::sum));
        Map<String, String> identities = new HashMap<>();
        for (Reported node : nodes) {
            String said = node.traits().identity();
            boolean isOwn = !said.isEmpty() && numNodes.getOrDefault(said, 0) == 1;
            identities.put(node.nodeId(), isOwn ? said : node.nodeId());
        }
        return identities;
    }
}
