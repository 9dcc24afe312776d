package dev.troupe.actors.transport;

/**
 * Where a node's data plane listens.
 *
 * @param host name or address by which other nodes reach it
 * @param port TCP port
 * @param nodeId the node's name in messages; no two nodes have the same
 */
public record Endpoint(String host, int port, String nodeId) {
    @Override
    public String toString() {
        return nodeId + " at " + host + ":" + port;
    }
}
