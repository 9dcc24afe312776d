package dev.troupe.model.parallel;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The groups that somebody is in who may have to leave at any moment: {@link #leave} ends all calls in them at once,
 * and no group is entered after it. Thread-safe.
 */
public final class OpenGroups {
    private final String who;
    private final Deque<Communicator> groups = new ArrayDeque<>(); // the latest first
    private boolean left;

    /** @param who for messages, such as "rank 3" */
    public OpenGroups(String who) {
        this.who = who;
    }

    /**
     * Enters a group that was just joined.
     *
     * @return the group
     * @throws CommunicationException when everything was left meanwhile; the group is closed then
     */
    public synchronized Communicator enter(Communicator group) {
        if (left) {
            group.close();
            throw new CommunicationException(who + " has left its groups");
        }
        groups.push(group);
        return group;
    }

    /** Closes all, which makes calls that wait in them fail. */
    public synchronized void leave() {
        left = true;
        groups.forEach(Communicator::close);
    }
}
