package dev.troupe.model.bench;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.KernelProvider;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.optim.AdamW;
import dev.troupe.model.optim.AdamWOptions;
import dev.troupe.model.optim.OptimizerState;
import dev.troupe.model.sampling.CounterRandom;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Parameters;
import dev.troupe.model.transformer.StageRange;
import dev.troupe.model.transformer.TrainingStage;
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
    private final ModelConfig config;
    private final ParameterLayout layout;
    private final int[] inputs;
    private final int[] targets;

    private TrainBench(TrainShape shape) {
        this.shape = shape;
        this.config = shape.config();
        this.layout = ParameterLayout.of(config);
        this.inputs = randomTokens(1);
        this.targets = randomTokens(2);
    }

    private int[] randomTokens(long stream) {
        int[] tokens = new int[shape.batch() * shape.time()];
        Arrays.setAll(tokens, i -> (int) (CounterRandom.uniform(1, stream, i) * config.vocabSize()));
        return tokens;
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
        try (TensorArena arena = TensorArena.open("bench");
                Run run = new Run(kernels, arena)) {
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
        double tokensPerSecond = inputs.length / median;
        double gflops = tokensPerSecond * shape.flopsPerToken(layout.size()) / 1e9;
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
        try (TensorArena arena = TensorArena.open("bench");
                Run run = new Run(TimedKernels.of(kernels, timer, config.vocabSize()), arena)) {
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

    private static void timedSteps(Run run, PartTimer timer, int steps) {
        for (int i = 0; i < steps; i++) {
            long before = timer.total();
            long start = System.nanoTime();
            run.step();
            long elapsed = System.nanoTime() - start;
            timer.add(PartTimer.Part.OTHER, elapsed - (timer.total() - before));
        }
    }

    /** A model in training. */
    private final class Run implements AutoCloseable {
        private final Parameters weights;
        private final Parameters gradients;
        private final OptimizerState state;
        private final AdamW adamW;
        private final TrainingStage stage;

        Run(Kernels kernels, TensorArena arena) {
            this.weights = Parameters.allocate(layout, arena);
            weights.initialize(1);
            this.gradients = Parameters.allocate(layout, arena);
            this.state = OptimizerState.allocate(0, layout.size(), arena);
            this.adamW = new AdamW(AdamWOptions.gpt3(1e-3, 0, 1_000_000), kernels, layout);
            this.stage = new TrainingStage(
                    config, StageRange.whole(config), kernels, weights, gradients, shape.batch(), shape.time());
        }

        double step() {
            stage.startGradients();
            double loss = stage.forwardBackward(inputs, targets, 1, state.step());
            double norm = Math.sqrt(adamW.sumOfSquares(0, layout.size(), gradients));
            adamW.step(state, weights, gradients, adamW.options().learningRate(), adamW.clipScale(norm));
            return loss;
        }

        @Override
        public void close() {
            stage.close();
        }
    }
}
