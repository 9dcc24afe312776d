package dev.troupe.model.bench;

import dev.troupe.model.kernel.cache.CacheSizes;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Kernel speeds beside the limits of the machine that they ran on.
 *
 * @param backend the kernel provider
 * @param caches of this machine, which products of the processor are cut for
 * @param device "processor", or the device that the kernels ran on, whose limits {@code peak} then has
 * @param tiles limits of products in bf16 and int8, where such were measured
 */
public record KernelBenchReport(
        String backend, String device, CacheSizes caches, MachinePeak peak, TilePeak tiles, List<Row> rows) {
    public KernelBenchReport {
        rows = List.copyOf(rows);
    }

    /**
     * One kernel at one shape.
     *
     * @param unit "GFLOP/s", or "GB/s" for kernels that memory limits
     * @param rate the median, in that unit
     * @param minRate of the slowest round
     * @param maxRate of the fastest round
     * @param shareOfPeak of the measured peak in that unit, 0 to 1 (above 1 for what fits in the caches)
     * @param efficiency the rate over that of one thread times the threads; null where it was not asked for
     * @param peers the same work by other libraries in the same run
     */
    public record Row(
            String kernel,
            String shape,
            String unit,
            double medianMillis,
            double rate,
            double minRate,
            double maxRate,
            double shareOfPeak,
            @Nullable Double efficiency,
            List<PeerRate> peers) {
        public Row {
            peers = List.copyOf(peers);
        }
    }

    /**
     * Another library's speed.
     *
     * @param rate its median, in the row's unit
     * @param ratio ours over its
     */
    public record PeerRate(String peer, double rate, double ratio) {}
}
