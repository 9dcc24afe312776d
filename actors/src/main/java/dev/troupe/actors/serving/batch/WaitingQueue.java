package dev.troupe.actors.serving.batch;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Sequences that wait for a place. Those that were preempted go first, in the order in which they were admitted; then
 * clients take turns, each with its oldest sequence (round robin, as in RFC 970), so that one who asks for much waits
 * for itself. A client that comes, or comes again, takes its turn after all who wait.
 */
final class WaitingQueue {
    private final Deque<Sequence> preempted = new ArrayDeque<>();
    private final LinkedHashMap<String, Deque<Sequence>> clients = new LinkedHashMap<>(); // in order of turns
    private int numQueued; // of clients

    /** Puts a sequence behind its client's others. */
    void add(Sequence sequence) {
        clients.computeIfAbsent(sequence.client(), name -> new ArrayDeque<>()).addLast(sequence);
        numQueued++;
    }

    /** Puts the sequence that was admitted last of all running ones before everybody. */
    void addPreempted(Sequence sequence) {
        preempted.addFirst(sequence);
    }

    /**
     * The sequence whose turn it is; null where there is none. Those that were preempted go before all others.
     *
     * @param others clients whose turn it is not, though they may wait
     */
    @Nullable Sequence firstBeside(Set<String> others) {
        if (!preempted.isEmpty()) {
            Sequence first = preempted.getFirst();
            return others.contains(first.client()) ? null : first;
        }
        for (Map.Entry<String, Deque<Sequence>> client : clients.entrySet()) {
            if (!others.contains(client.getKey())) {
                return client.getValue().getFirst();
            }
        }
        return null;
    }

    /** Takes out what {@link #firstBeside} gave; its client's next turn comes after all who wait. */
    void take(Sequence sequence) {
        if (preempted.peekFirst() == sequence) {
            preempted.removeFirst();
            return;
        }
        Deque<Sequence> own = Objects.requireNonNull(clients.remove(sequence.client()));
        own.removeFirst();
        numQueued--;
        if (!own.isEmpty()) {
            clients.putLast(sequence.client(), own);
        }
    }

    /** Takes a sequence out, wherever it is; nothing happens when it is not here. */
    void remove(Sequence sequence) {
        Deque<Sequence> own = clients.get(sequence.client());
        if (own != null && own.remove(sequence)) {
            numQueued--;
            if (own.isEmpty()) {
                clients.remove(sequence.client());
            }
        } else {
            preempted.remove(sequence);
        }
    }

    int size() {
        return preempted.size() + numQueued;
    }

    /** Sequences of one client that were not admitted yet. */
    int size(String client) {
        Deque<Sequence> own = clients.get(client);
        return own == null ? 0 : own.size();
    }
}
