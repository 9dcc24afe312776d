package dev.troupe.actors.collective;

/** Memory that is being sent or received. It must not be touched, nor freed, until the transfer has ended. */
public interface Transfer {
    /**
     * Waits until the memory is the caller's again. All transfers of the group go on meanwhile.
     *
     * @throws dev.troupe.model.parallel.CommunicationException when the group failed or was closed; then no transfer of
     *     the group touches memory any more once the operation has thrown
     */
    void await();
}
