package dev.troupe.model.bench;

import dev.troupe.model.TroupeException;
import dev.troupe.model.bench.kernel.ActivationBench;
import dev.troupe.model.bench.kernel.AttentionBench;
import dev.troupe.model.bench.kernel.BenchCase;
import dev.troupe.model.bench.kernel.BenchCase.Limit;
import dev.troupe.model.bench.kernel.CachedAttentionBench;
import dev.troupe.model.bench.kernel.GemmBench;
import dev.troupe.model.bench.kernel.KernelSuite;
import dev.troupe.model.bench.kernel.LossBench;
import dev.troupe.model.bench.kernel.NormBench;
import dev.troupe.model.bench.kernel.OpenBlas;
import dev.troupe.model.bench.kernel.OptimizerBench;
import dev.troupe.model.bench.kernel.PointwiseBench;
import dev.troupe.model.bench.kernel.RoundedProductBench;
import dev.troupe.model.bench.kernel.SamplingBench;
import dev.troupe.model.bench.kernel.WeightProductBench;
import dev.troupe.model.kernel.KernelDevice;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.cache.CacheSizes;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.TensorArena;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Measures the kernels of one provider at the shapes of real models. */
public final class KernelBench {
    private static final int WARM_UP = 12;
    private static final int ROUNDS = 15;
    private static final Set<Limit> LIMITS_OF_TILES = EnumSet.of(Limit.BF16, Limit.INT8);

    private final Kernels kernels;
    private final @Nullable Alone alone;
    private final MachinePeak peak;
    private final TilePeak tiles;
    private final @Nullable KernelDevice device;

    /**
     * The same on one thread.
     *
     * @param byName the cases, by name and shape
     */
    private record Alone(Kernels kernels, Map<String, BenchCase> byName) {
        static Alone of(Kernels kernels, ComputePool one) {
            return new Alone(
                    kernels, cases("", one, false).stream().collect(Collectors.toMap(Alone::key, Function.identity())));
        }

        private static String key(BenchCase one) {
            return one.kernel() + " " + one.shape();
        }

        Runnable prepare(BenchCase of, TensorArena arena) {
            return Objects.requireNonNull(byName.get(key(of))).preparation().prepare(kernels, arena);
        }
    }

    private KernelBench(
            Kernels kernels, @Nullable Alone alone, MachinePeak peak, TilePeak tiles, @Nullable KernelDevice device) {
        this.kernels = kernels;
        this.alone = alone;
        this.peak = peak;
        this.tiles = tiles;
        this.device = device;
    }

    /**
     * Measures every kernel whose name or shape contains {@code filter}.
     *
     * @param kernels makes those that are measured, for a pool
     * @param efficiency whether to measure on one thread too, in turns; not on a device
     * @param device that they run on, whose limits then count; null for the processor
     * @param filter empty for all
     * @throws TroupeException when nothing has such a name; its message lists the names
     */
    public static KernelBenchReport run(
            Function<ComputePool, Kernels> kernels,
            ComputePool pool,
            @Nullable KernelDevice device,
            String filter,
            boolean efficiency) {
        List<BenchCase> cases = cases(filter, pool, device != null);
        OpenBlas.installed().ifPresent(blas -> blas.useThreads(pool.threads()));
        Kernels all = kernels.apply(pool);
        boolean fewBits = all.precision() == Precision.BF16
                || cases.stream()
                        .anyMatch(one -> LIMITS_OF_TILES.contains(one.work().limit()));
        try (ComputePool one = FixedComputePool.create(1)) {
            KernelBench bench = new KernelBench(
                    all,
                    efficiency && device == null ? Alone.of(kernels.apply(one), one) : null,
                    peak(pool, device),
                    fewBits ? TilePeak.measure(pool) : TilePeak.NONE,
                    device);
            return new KernelBenchReport(
                    all.name(),
                    device == null ? "processor" : device.description(),
                    CacheSizes.machine(),
                    bench.peak,
                    bench.tiles,
                    cases.stream().map(bench::measure).toList());
        }
    }

    private static MachinePeak peak(ComputePool pool, @Nullable KernelDevice device) {
        if (device == null) {
            return MachinePeak.measure(pool);
        }
        KernelDevice.Limits limits = device.measure();
        return new MachinePeak(
                pool.threads(),
                limits.gflops(),
                limits.readGigabytesPerSecond(),
                limits.readGigabytesPerSecond(),
                limits.updateGigabytesPerSecond());
    }

    /** A call that counts until the device has done it. */
    private Runnable waitedFor(Runnable work) {
        KernelDevice waits = device;
        if (waits == null) {
            return work;
        }
        return () -> {
            work.run();
            waits.await();
        };
    }

    /** In the order of the report. */
    private static Stream<KernelSuite> suites(ComputePool pool, boolean onDevice) {
        Stream<KernelSuite> all = Stream.of(
                new GemmBench(),
                new WeightProductBench(),
                new RoundedProductBench(pool),
                new AttentionBench(),
                new CachedAttentionBench(),
                new NormBench(),
                new ActivationBench(),
                new PointwiseBench(),
                new LossBench(),
                new OptimizerBench(),
                new SamplingBench());
        return onDevice ? all.filter(suite -> !isOfTheProcessor(suite)) : all;
    }

    private static boolean isOfTheProcessor(KernelSuite suite) {
        return suite instanceof RoundedProductBench || suite instanceof SamplingBench;
    }

    static List<BenchCase> cases(String filter, ComputePool pool, boolean onDevice) {
        List<BenchCase> all =
                suites(pool, onDevice).flatMap(suite -> suite.cases().stream()).toList();
        List<BenchCase> wanted = all.stream().filter(one -> one.matches(filter)).toList();
        if (wanted.isEmpty()) {
            List<String> names = all.stream().map(BenchCase::kernel).distinct().toList();
            throw new TroupeException(
                    "no kernel or shape contains \"" + filter + "\"; the kernels are " + String.join(", ", names));
        }
        return wanted;
    }

    private KernelBenchReport.Row measure(BenchCase one) {
        double units = one.work().units() / 1e9;
        List<Timing> timings = time(one);
        Timing timing = timings.getFirst();
        double rate = timing.perSecond(units);
        List<KernelBenchReport.PeerRate> peers = new ArrayList<>();
        for (int i = 0; i < one.peers().size(); i++) {
            double peerRate = timings.get(i + 1).perSecond(units);
            peers.add(new KernelBenchReport.PeerRate(one.peers().get(i).name(), peerRate, rate / peerRate));
        }
        return new KernelBenchReport.Row(
                one.kernel(),
                one.shape(),
                one.work().limit().unit(),
                timing.median() * 1e3,
                rate,
                units / timing.max(),
                units / timing.min(),
                rate / limit(one.work().limit()),
                alone == null ? null : timing.efficiency(timings.getLast(), peak.threads()),
                peers);
    }

    /** The kernel's time, then those of its peers, then its own on one thread where that is asked for. */
    private List<Timing> time(BenchCase one) {
        try (TensorArena arena = TensorArena.open("bench.kernels")) {
            Runnable work = waitedFor(one.preparation().prepare(kernels, arena));
            if (one.peers().isEmpty() && alone == null) {
                return List.of(Timing.of(WARM_UP, ROUNDS, work));
            }
            List<Runnable> works = new ArrayList<>(List.of(work));
            one.peers().forEach(peer -> works.add(peer.preparation().prepare(kernels, arena)));
            if (alone != null) {
                works.add(alone.prepare(one, arena));
            }
            return Timing.inTurns(WARM_UP, ROUNDS, works);
        }
    }

    private double limit(Limit limit) {
        return switch (limit) {
            case FLOAT32 -> peak.gflops();
            case PRODUCT -> kernels.precision() == Precision.BF16 ? orFloat32(tiles.bf16Gflops()) : peak.gflops();
            case BF16 -> orFloat32(tiles.bf16Gflops());
            case INT8 -> orFloat32(tiles.int8Gops());
            case READ -> peak.readGigabytesPerSecond();
            case UPDATE -> peak.updateGigabytesPerSecond();
        };
    }

    /** Where the processor has no instructions for fewer bits, float32's do such products. */
    private double orFloat32(double measured) {
        return measured > 0 ? measured : peak.gflops();
    }
}
