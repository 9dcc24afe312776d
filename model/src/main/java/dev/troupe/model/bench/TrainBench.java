package dev.troupe.model.bench;

import dev.troupe.model.kernel.KernelProvider;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.parallel.ComputePool;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Training speed: whole steps (forward, backward, clipping, AdamW) of random tokens through {@link TrainingStage}. */
public final class TrainBench {
    private static final double WARM_UP_SECONDS = 8; // compilation of all kernels takes a few seconds
    private static final int PART_WARM_UP_STEPS = 2; // the first steps of a run touch its memory

    /**
     * What was measured.
     *
     * @param tokensPerSecond from the median step
     * @param gflops by 6 N + 12 L C T operations a token
     * @param shareOfPeak of the fp32 peak that was given, from 0 to 1
     * @param millisByPart where the time of a step goes, from separate steps with a clock around every kernel
     */
    public record Report(
            String shape,
            String backend,
            int threads,
            double stepMillis,
            double tokensPerSecond,
            double gflops,
            double shareOfPeak,
            double finalLoss,
            Map<String, Double> millisByPart) {}

    private final TrainShape shape;

    private TrainBench(TrainShape shape) {
        this.shape = shape;
    }

    /**
     * Measures.
     *
     * @param steps whose median counts, after warming up
     * @param peakGflops the machine's measured fp32 peak with these threads
     */
    public static Report run(
            TrainShape shape, KernelProvider provider, ComputePool pool, int steps, double peakGflops) {
        return new TrainBench(shape).measure(provider, pool, steps, peakGflops);
    }

    private Report measure(KernelProvider provider, ComputePool pool, int steps, double peakGflops) {
        Kernels kernels = provider.create(pool);
        double[] seconds = new double[steps];
        double loss = 0;
        try (TrainSteps run = new TrainSteps(shape, kernels)) {
            long warmUntil = System.nanoTime() + (long) (WARM_UP_SECONDS * 1e9);
            for (int i = 0; i < 3 || System.nanoTime() < warmUntil; i++) {
                run.step();
            }
            for (int i = 0; i < steps; i++) {
                long start = System.nanoTime();
                loss = run.step();
                seconds[i] = (System.nanoTime() - start) / 1e9;
            }
        }
        Arrays.sort(seconds);
        double median = seconds[steps / 2];
        double tokensPerSecond = shape.tokens() / median;
        double gflops = tokensPerSecond * shape.flopsPerToken() / 1e9;
        return new Report(
                shape.label(),
                kernels.name(),
                pool.threads(),
                median * 1e3,
                tokensPerSecond,
                gflops,
                gflops / peakGflops,
                loss,
                parts(kernels, steps));
    }

    private Map<String, Double> parts(Kernels kernels, int steps) {
        PartTimer timer = new PartTimer();
        try (TrainSteps run = new TrainSteps(
                shape, TimedKernels.of(kernels, timer, shape.config().vocabSize()))) {
            for (int i = 0; i < PART_WARM_UP_STEPS; i++) {
                run.step();
            }
            timer.clear();
            timedSteps(run, timer, steps);
        }
        Map<String, Double> millis = new LinkedHashMap<>();
        timer.millis(steps).forEach((part, value) -> millis.put(part.label(), value));
        return millis;
    }

    private static void timedSteps(TrainSteps run, PartTimer timer, int steps) {
        for (int i = 0; i < steps; i++) {
            long before = timer.total();
            long start = System.nanoTime();
            run.step();
            long elapsed = System.nanoTime() - start;
            timer.add(PartTimer.Part.OTHER, elapsed - (timer.total() - before));
        }
    }
}
