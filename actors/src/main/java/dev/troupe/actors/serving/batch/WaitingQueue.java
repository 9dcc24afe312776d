package dev.troupe.actors.serving.batch;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Sequences that wait for a place. Those that were preempted go first, in the order in which they were admitted; then
 * the client with the fewest places. Clients with as many take turns, each with its oldest sequence (round robin, as in
 * RFC 970), so that one who asks for much waits for itself. A client that comes, or comes again, takes its turn after
 * all who wait.
 */
final class WaitingQueue {
    private final ToIntFunction<String> numPlaces;
    private final Deque<Sequence> preempted = new ArrayDeque<>();
    private final LinkedHashMap<String, Deque<Sequence>> clients = new LinkedHashMap<>(); // in order of turns
    private int numQueued; // of clients

    /** @param numPlaces that a client has now */
    WaitingQueue(ToIntFunction<String> numPlaces) {
        this.numPlaces = numPlaces;
    }

    /** Puts a sequence behind its client's others. */
    void add(Sequence sequence) {
        clients.computeIfAbsent(sequence.client(), name -> new ArrayDeque<>()).addLast(sequence);
        numQueued++;
    }

    /** Puts a sequence that had a place before its client's others. */
    void addDisplaced(Sequence sequence) {
        clients.computeIfAbsent(sequence.client(), name -> new ArrayDeque<>()).addFirst(sequence);
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
        Sequence first = null;
        int fewest = Integer.MAX_VALUE;
        for (Map.Entry<String, Deque<Sequence>> client : clients.entrySet()) {
            int places = others.contains(client.getKey()) ? Integer.MAX_VALUE : numPlaces.applyAsInt(client.getKey());
            if (places < fewest) {
                fewest = places;
                first = client.getValue().getFirst();
            }
        }
        return first;
    }

    /** Whether sequences wait that had to give up their blocks, which nobody overtakes. */
    boolean hasPreempted() {
        return !preempted.isEmpty();
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
