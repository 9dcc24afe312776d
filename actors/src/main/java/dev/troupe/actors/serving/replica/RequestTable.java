package dev.troupe.actors.serving.replica;

import akka.actor.typed.ActorRef;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The active requests by id, by arrival and by client. */
final class RequestTable {
    private final Map<String, ActiveRequest> byId = new HashMap<>();
    private final TreeMap<Long, ActiveRequest> byArrival = new TreeMap<>();

    void add(ActiveRequest request) {
        byId.put(request.sequence().requestId(), request);
        byArrival.put(request.sequence().arrival(), request);
    }

    void remove(ActiveRequest request) {
        byId.remove(request.sequence().requestId());
        byArrival.remove(request.sequence().arrival());
    }

    boolean contains(String requestId) {
        return byId.containsKey(requestId);
    }

    Optional<ActiveRequest> find(String requestId) {
        return Optional.ofNullable(byId.get(requestId));
    }

    Optional<ActiveRequest> find(long arrival) {
        return Optional.ofNullable(byArrival.get(arrival));
    }

    /** All, in order of arrival. */
    List<ActiveRequest> all() {
        return List.copyOf(byArrival.values());
    }

    /** Whether nobody waits for a first token, or has one still on its way: each answer has a second one. */
    boolean allGoOn() {
        return byArrival.values().stream()
                .allMatch(request -> request.sequence().numGenerated() > 1);
    }

    /** Those of one client, in order of arrival. */
    List<ActiveRequest> of(ActorRef<?> client) {
        List<ActiveRequest> requests = new ArrayList<>();
        for (ActiveRequest request : byArrival.values()) {
            if (request.replyTo().equals(client)) {
                requests.add(request);
            }
        }
        return requests;
    }
}
