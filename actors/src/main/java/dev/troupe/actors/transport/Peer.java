package dev.troupe.actors.transport;

/** Another rank of a group, as messages name it. */
record Peer(int rank, String node) {
    @Override
    public String toString() {
        return "rank " + rank + " (" + node + ")";
    }
}
