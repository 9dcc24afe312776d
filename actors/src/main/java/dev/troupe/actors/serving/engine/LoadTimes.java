package dev.troupe.actors.serving.engine;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** How long the parts of loading a model took, one after the other. Of one thread. */
public final class LoadTimes {
    private final Map<String, Double> seconds = new LinkedHashMap<>();

    /** Does a part of the work and adds its time. */
    public <T> T measure(String part, Supplier<T> work) {
        long start = System.nanoTime();
        try {
            return work.get();
        } finally {
            seconds.merge(part, (System.nanoTime() - start) / 1e9, Double::sum);
        }
    }

    /** Seconds by part, in order. */
    public Map<String, Double> seconds() {
        return Collections.unmodifiableMap(seconds);
    }

    /** Of all parts. */
    public double total() {
        return seconds.values().stream().mapToDouble(Double::doubleValue).sum();
    }

    /** Such as "1.93 s (file 0.30, kernels 0.52, weights 1.05, version 0.06)". */
    @Override
    public String toString() {
        String parts = seconds.entrySet().stream()
                .map(entry -> String.format(Locale.ROOT, "%s %.2f", entry.getKey(), entry.getValue()))
                .collect(Collectors.joining(", "));
        return String.format(Locale.ROOT, "%.2f s (%s)", total(), parts);
    }
}
