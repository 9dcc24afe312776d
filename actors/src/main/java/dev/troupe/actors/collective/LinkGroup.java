package dev.troupe.actors.collective;

import java.lang.foreign.MemorySegment;

/** One rank's links to all others, which fail and are closed together. */
public interface LinkGroup extends AutoCloseable {
    int rank();

    int size();

    /** The link to another rank. */
    TensorLink link(int rank);

    /** Memory of at least {@code bytes} for this rank's own use within an operation; the next call may move it. */
    MemorySegment scratch(long bytes);

    /**
     * Runs an operation on the caller's thread. Whatever it throws ends the group for all ranks, since nobody can say
     * then which transfers took place.
     *
     * @throws dev.troupe.model.parallel.CommunicationException when the group failed or was closed before or meanwhile
     */
    void run(Operation operation, Runnable body);

    @Override
    void close();
}
