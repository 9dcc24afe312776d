package dev.troupe.model.parallel;

/**
 * The groups of a member that holds a part of a model.
 *
 * @param stages members with the same shard of other layers, in order of layers
 * @param shards members with other shards of the same layers
 */
public record PartLinks(Communicator stages, Communicator shards) {
    /** Of a model in one piece. */
    public static PartLinks alone() {
        return new PartLinks(new SoloCommunicator(), new SoloCommunicator());
    }
}
