package dev.troupe.model.mesh.placement;

/**
 * A node as its links have it.
 *
 * @param node its name; no two nodes have the same
 * @param host address of its machine
 * @param zone rack or zone of the machine; empty when that is not known, which counts as a zone of its own
 * @param processors of the machine, which all nodes on it share
 */
public record NodePlace(String node, String host, String zone, int processors) {
    /** How near two nodes are to each other. */
    public LinkLevel to(NodePlace other) {
        if (node.equals(other.node)) {
            return LinkLevel.PROCESS;
        }
        if (host.equals(other.host)) {
            return LinkLevel.HOST;
        }
        return zone.equals(other.zone) ? LinkLevel.ZONE : LinkLevel.ELSEWHERE;
    }
}
