package dev.troupe.deploy.bench;

import dev.troupe.deploy.bench.LoadTarget.Answered;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** Of times in milliseconds. */
public record Quantiles(double p50, double p95, double p99) {
    static Quantiles of(List<Answered> answers, ToDoubleFunction<Answered> nanos) {
        double[] sorted = answers.stream().mapToDouble(nanos).sorted().toArray();
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
