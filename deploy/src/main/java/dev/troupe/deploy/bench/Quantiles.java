package dev.troupe.deploy.bench;

import java.util.Arrays;
import java.util.stream.DoubleStream;

/** Of times in milliseconds. */
public record Quantiles(double p50, double p95, double p99) {
    private static final double NEAR = 1; // nanosecond

    /** Of times in nanoseconds. */
    static Quantiles of(DoubleStream nanos) {
        double[] sorted = nanos.sorted().toArray();
        return new Quantiles(at(sorted, 0.5), at(sorted, 0.95), at(sorted, 0.99));
    }

    /** Of all sums of one time of each, in nanoseconds; both have one at least. */
    static Quantiles ofSums(double[] some, double[] others) {
        double[] sorted = some.clone();
        double[] sortedOthers = others.clone();
        Arrays.sort(sorted);
        Arrays.sort(sortedOthers);
        return new Quantiles(
                ofSums(sorted, sortedOthers, 0.5),
                ofSums(sorted, sortedOthers, 0.95),
                ofSums(sorted, sortedOthers, 0.99));
    }

    /** The least value that enough sums do not exceed, by bisection, as there may be millions of them. */
    private static double ofSums(double[] sorted, double[] others, double quantile) {
        long all = (long) sorted.length * others.length;
        long enough = Math.min(all, (long) (quantile * all) + 1);
        double below = sorted[0] + others[0] - 1;
        double above = sorted[sorted.length - 1] + others[others.length - 1];
        while (above - below > NEAR) {
            double middle = (below + above) / 2;
            if (sumsUpTo(middle, sorted, others) >= enough) {
                above = middle;
            } else {
                below = middle;
            }
        }
        return above / 1e6;
    }

    private static long sumsUpTo(double most, double[] sorted, double[] others) {
        long count = 0;
        int other = others.length;
        for (double value : sorted) {
            while (other > 0 && value + others[other - 1] > most) {
                other--;
            }
            count += other;
        }
        return count;
    }

    /** What this is more than another. */
    Quantiles minus(Quantiles other) {
        return new Quantiles(p50 - other.p50, p95 - other.p95, p99 - other.p99);
    }

    private static double at(double[] sorted, double quantile) {
        return sorted[Math.min(sorted.length - 1, (int) (quantile * sorted.length))] / 1e6;
    }
}
