package dev.troupe.model.bench;

import java.util.EnumMap;
import java.util.Map;

/** Adds up the time that the parts of a step take. One thread: the caller of the kernels. */
final class PartTimer {
    /** The parts that a step is divided into; OTHER is what no kernel accounts for. */
    enum Part {
        GEMM("gemm"),
        ATTENTION("attention"),
        HEAD_AND_LOSS("headAndLoss"),
        POINTWISE("normsActivationsEmbedding"),
        OPTIMIZER("optimizer"),
        OTHER("other");

        private final String label;

        Part(String label) {
            this.label = label;
        }

        String label() {
            return label;
        }
    }

    private final Map<Part, Long> nanos = new EnumMap<>(Part.class);

    /** Books time. */
    void add(Part part, long elapsedNanos) {
        nanos.merge(part, elapsedNanos, Long::sum);
    }

    /** Forgets what was booked. */
    void clear() {
        nanos.clear();
    }

    /** Milliseconds of each part, divided by a number of steps. */
    Map<Part, Double> millis(int steps) {
        Map<Part, Double> millis = new EnumMap<>(Part.class);
        for (Part part : Part.values()) {
            millis.put(part, nanos.getOrDefault(part, 0L) / 1e6 / steps);
        }
        return millis;
    }

    /** Nanoseconds booked so far. */
    long total() {
        return nanos.values().stream().mapToLong(Long::longValue).sum();
    }
}
