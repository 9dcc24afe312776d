package dev.troupe.model.tensor;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts the off-heap bytes held by each owner; telemetry reads it and leak tests assert that it falls back to zero.
 */
public final class NativeMemory {
    private static final ConcurrentHashMap<String, LongAdder> BYTES_BY_OWNER = new ConcurrentHashMap<>();

    private NativeMemory() {}

    static void add(String owner, long bytes) {
        BYTES_BY_OWNER.computeIfAbsent(owner, key -> new LongAdder()).add(bytes);
    }

    /** Bytes now held under this owner's name; 0 for a name never seen. */
    public static long bytes(String owner) {
        LongAdder adder = BYTES_BY_OWNER.get(owner);
        return adder == null ? 0 : adder.sum();
    }

    /** A snapshot: owner to bytes, in order of name. */
    public static Map<String, Long> snapshot() {
        Map<String, Long> snapshot = new TreeMap<>();
        BYTES_BY_OWNER.forEach((owner, adder) -> snapshot.put(owner, adder.sum()));
        return snapshot;
    }
}
