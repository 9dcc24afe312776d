package dev.troupe.deploy.bench;

import java.util.stream.DoubleStream;

/** Of times in milliseconds. */
public record Quantiles(double p50, double p95, double p99) {
    /** Of times in nanoseconds. */
    static Quantiles of(DoubleStream nanos) {
        double[] sorted = nanos.sorted().toArray();
        return new Quantiles(at(sorted, 0.5), at(sorted, 0.95), at(sorted, 0.99));
    }

    /** What this is more than another. */
    Quantiles minus(Quantiles other) {
        return new Quantiles(p50 - other.p50, p95 - other.p95, p99 - other.p99);
    }

    private static double at(double[] sorted, double quantile) {
        return sorted[Math.min(sorted.length - 1, (int) (quantile * sorted.length))] / 1e6;
    }
}
