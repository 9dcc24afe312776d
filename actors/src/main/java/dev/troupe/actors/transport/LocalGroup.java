package dev.troupe.actors.transport;

import dev.troupe.actors.collective.RingCommunicator;
import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.parallel.SoloCommunicator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Groups whose ranks are threads of one JVM. */
public final class LocalGroup {
    private static final String GROUP = "local";
    private static final String NODE = "this process";

    private LocalGroup() {}

    /**
     * A group of {@code size} ranks, each for a thread of its own.
     *
     * @param timeout how long a rank waits for another before the group fails
     * @return by rank; each is to be closed
     */
    public static List<Communicator> create(int size, Duration timeout) {
        if (size < 1) {
            throw new IllegalArgumentException("a group has at least one rank, not " + size);
        }
        if (size == 1) {
            return List.of(new SoloCommunicator());
        }
        List<RankLinks> ranks = new ArrayList<>();
        for (int rank = 0; rank < size; rank++) {
            RankLinks links = new RankLinks(GROUP, new Peer(rank, NODE), size, timeout, new ParkSignal());
            ranks.forEach(other -> LocalLink.connect(links, other, NODE));
            ranks.add(links);
        }
        return ranks.stream().<Communicator>map(RingCommunicator::new).toList();
    }
}
