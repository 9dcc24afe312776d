package dev.troupe.routing.route;

import dev.troupe.actors.serving.ModelDescription;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which replicas there are, what they serve and how loaded they are; the policy of choosing one. Not thread-safe: it
 * belongs to the router actor.
 *
 * @param <R> handle of a replica
 */
final class ReplicaTable<R> {
    private static final class Entry {
        @Nullable ModelDescription model;

        boolean open;
        int numInFlight;
        /** Order of assignments, so that equally loaded replicas take turns. */
        long lastAssigned;

        private boolean isBefore(Entry other) {
            return numInFlight != other.numInFlight
                    ? numInFlight < other.numInFlight
                    : lastAssigned < other.lastAssigned;
        }
    }

    private final Map<R, Entry> entries = new LinkedHashMap<>();
    private long numAssigned;

    /** Opens exactly these for new requests; others stay known while they finish what they have. */
    void open(Collection<R> replicas) {
        entries.forEach((replica, entry) -> entry.open = false);
        for (R replica : replicas) {
            entries.computeIfAbsent(replica, r -> new Entry()).open = true;
        }
        entries.values().removeIf(entry -> !entry.open && entry.numInFlight == 0);
    }

    boolean contains(R replica) {
        return entries.containsKey(replica);
    }

    /** Whether a replica is open but has not said yet what it serves. */
    boolean isUndescribed(R replica) {
        var entry = entries.get(replica);
        return entry != null && entry.open && entry.model == null;
    }

    void describe(R replica, ModelDescription model) {
        var entry = entries.get(replica);
        if (entry != null) {
            entry.model = model;
        }
    }

    void remove(R replica) {
        entries.remove(replica);
    }

    void assign(R replica) {
        var entry = entries.get(replica);
        if (entry != null) {
            entry.numInFlight++;
            entry.lastAssigned = ++numAssigned;
        }
    }

    void release(R replica) {
        var entry = entries.get(replica);
        if (entry != null && --entry.numInFlight == 0 && !entry.open) {
            entries.remove(replica);
        }
    }

    /**
     * The least loaded open replica of a model, but none of {@code refused}; of equals the one idle for longest; null
     * where there is none.
     */
    @Nullable R choose(ModelKey key, Set<R> refused) {
        @Nullable R best = null;
        @Nullable Entry least = null;
        for (Map.Entry<R, Entry> each : entries.entrySet()) {
            Entry entry = each.getValue();
            if (serves(entry, key) && !refused.contains(each.getKey()) && (least == null || entry.isBefore(least))) {
                best = each.getKey();
                least = entry;
            }
        }
        return best;
    }

    private static boolean serves(Entry entry, ModelKey key) {
        return entry.open && entry.model != null && ModelKey.of(entry.model).equals(key);
    }

    /** The newest version of each model, by name. */
    List<ServedModel> models() {
        var newest = new TreeMap<String, ModelDescription>();
        for (var entry : entries.values()) {
            if (entry.open && entry.model != null) {
                newest.merge(entry.model.modelId(), entry.model, ReplicaTable::newer);
            }
        }
        return newest.values().stream()
                .map(model -> new ServedModel(model, numReplicas(ModelKey.of(model))))
                .toList();
    }

    /** Of the same weights, computed in several ways, all routers choose the same way. */
    private static final Comparator<ModelDescription> BY_AGE = Comparator.comparingLong(
                    ModelDescription::createdEpochSeconds)
            .thenComparing(ModelDescription::version)
            .thenComparing(ModelDescription::arithmetic)
            .thenComparingInt(ModelDescription::contextLength);

    private static ModelDescription newer(ModelDescription a, ModelDescription b) {
        return BY_AGE.compare(b, a) > 0 ? b : a;
    }

    /**
     * A model that an open replica serves in another way than {@code model} is: the same weights, but other bits. Null
     * where there is none.
     */
    @Nullable ModelDescription otherwise(ModelDescription model) {
        var key = ModelKey.of(model);
        return entries.values().stream()
                .filter(entry -> entry.open)
                .map(entry -> entry.model)
                .filter(other -> other != null
                        && other.modelId().equals(key.modelId())
                        && other.version().equals(key.version())
                        && !ModelKey.of(other).equals(key))
                .findFirst()
                .orElse(null);
    }

    private int numReplicas(ModelKey key) {
        return (int)
                entries.values().stream().filter(entry -> serves(entry, key)).count();
    }
}
