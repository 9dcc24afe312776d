package dev.troupe.actors.serving.split;

import dev.troupe.actors.transport.LocalGroup;
import dev.troupe.model.parallel.Communicator;
import dev.troupe.model.parallel.SoloCommunicator;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Opens groups of members. Thread-safe. */
@FunctionalInterface
interface GroupOpener {
    /**
     * Joins a group; blocks until all of its members have.
     *
     * @param name unique among the groups of a replica's epoch
     * @param self the joining member
     * @param members of the group, in order of rank
     * @param timeout how long one may wait in it for another
     */
    Communicator open(String name, int self, List<Integer> members, Duration timeout);

    /** Groups of members that are all in this process. */
    static GroupOpener local() {
        Map<String, List<Communicator>> groups = new HashMap<>();
        return (name, self, members, timeout) -> {
            if (members.size() == 1) {
                return new SoloCommunicator();
            }
            synchronized (groups) {
                return groups.computeIfAbsent(name, key -> LocalGroup.create(members.size(), timeout))
                        .get(members.indexOf(self));
            }
        };
    }
}
