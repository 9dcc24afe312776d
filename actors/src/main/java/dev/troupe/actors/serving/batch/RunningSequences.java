package dev.troupe.actors.serving.batch;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Sequences that hold cache blocks, in order of admission, and how many of them are whose. */
final class RunningSequences {
    private final ArrayList<Sequence> sequences = new ArrayList<>();
    private final Map<String, Integer> places = new HashMap<>(); // by client; nobody has none

    void add(Sequence sequence) {
        sequences.add(sequence);
        places.merge(sequence.client(), 1, Integer::sum);
    }

    /** Takes a sequence out; nothing happens when it is not here. */
    void remove(Sequence sequence) {
        if (sequences.remove(sequence)) {
            places.computeIfPresent(sequence.client(), (client, count) -> count == 1 ? null : count - 1);
        }
    }

    /** In order of admission; not a copy. */
    List<Sequence> all() {
        return Collections.unmodifiableList(sequences);
    }

    int size() {
        return sequences.size();
    }

    /** Places that a client has. */
    int placesOf(String client) {
        return places.getOrDefault(client, 0);
    }

    /**
     * Who should make room for a sequence of {@code client}, when {@code gone} do already: the latest one of the client
     * that has most. Nobody where that client would then have fewer places than {@code client} with one more: so places
     * do not go to and fro.
     */
    Optional<Sequence> surplus(String client, List<Sequence> gone) {
        Map<String, Integer> left = new HashMap<>(places);
        gone.forEach(sequence -> left.merge(sequence.client(), -1, Integer::sum));
        return latestOfMost(left, gone).filter(latest -> left.getOrDefault(latest.client(), 0) >= placesOf(client) + 2);
    }

    /** The latest sequence of a client with most places; there is one. */
    Sequence latestOfMost() {
        return latestOfMost(places, List.of()).orElseThrow();
    }

    private Optional<Sequence> latestOfMost(Map<String, Integer> left, List<Sequence> gone) {
        int most = left.values().stream().mapToInt(Integer::intValue).max().orElse(0);
        return sequences.reversed().stream()
                .filter(sequence -> !gone.contains(sequence) && left.getOrDefault(sequence.client(), 0) == most)
                .findFirst();
    }
}
