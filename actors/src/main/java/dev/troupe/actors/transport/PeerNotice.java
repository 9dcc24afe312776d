package dev.troupe.actors.transport;

/** How a peer learns at once that a rank is gone, whatever that peer is doing. Must not wait for the peer. */
interface PeerNotice extends AutoCloseable {
    /** The group has failed. */
    void failed(String reason);

    /** The rank has closed the group between operations; what it sent before may still be read. */
    void left();

    /** Releases what is needed to tell. */
    @Override
    default void close() {}
}
