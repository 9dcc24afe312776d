package dev.troupe.model.parallel;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;

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
     * Joins a group, which may wait for its members: whoever {@link #leave leaves} then interrupts the thread that
     * joins. What was left already is not joined at all, for an interrupt from before that may be gone.
     *
     * @return the group
     * @throws CommunicationException when everything was left; the group is closed then
     */
    public Communicator enter(Supplier<Communicator> join) {
        checkHere();
        Communicator group = join.get();
        synchronized (this) {
            if (!left) {
                groups.push(group);
                return group;
            }
        }
        group.close();
        throw hasLeft();
    }

    private synchronized void checkHere() {
        if (left) {
            throw hasLeft();
        }
    }

    private CommunicationException hasLeft() {
        return new CommunicationException(who + " has left its groups");
    }

    /** Closes all, which makes calls that wait in them fail. */
    public synchronized void leave() {
        left = true;
        groups.forEach(Communicator::close);
    }
}
