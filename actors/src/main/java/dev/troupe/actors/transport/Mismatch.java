package dev.troupe.actors.transport;

import dev.troupe.actors.collective.Operation;

/** Words for ranks that do not do the same. */
final class Mismatch {
    private Mismatch() {}

    static String describe(Peer peer, int sentOperation, long sentBytes, Operation operation, long bytes) {
        return peer + " sent " + sentBytes + " bytes of " + Operation.describe(sentOperation) + " where " + bytes
                + " bytes of " + operation
                + " are expected: all ranks must call the same operations with the same sizes in the same order";
    }
}
