package dev.troupe.model.bench;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.Kernels;
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

/** A model in training, in one process and with nothing around it: what other ways of training are measured against. */
public final class TrainSteps implements AutoCloseable {
    private final TensorArena arena = TensorArena.open("bench");
    private final ParameterLayout layout;
    private final int[] inputs;
    private final int[] targets;
    private final Parameters weights;
    private final Parameters gradients;
    private final OptimizerState state;
    private final AdamW adamW;
    private final TrainingStage stage;

    /** A model of this shape and its memory. */
    public TrainSteps(TrainShape shape, Kernels kernels) {
        ModelConfig config = shape.config();
        this.layout = ParameterLayout.of(config);
        this.inputs = randomTokens(shape, 1);
        this.targets = randomTokens(shape, 2);
        this.weights = Parameters.allocate(layout, arena);
        weights.initialize(1);
        this.gradients = Parameters.allocate(layout, arena);
        this.state = OptimizerState.allocate(0, layout.size(), arena);
        this.adamW = new AdamW(AdamWOptions.gpt3(1e-3, 0, 1_000_000), kernels, layout);
        this.stage = new TrainingStage(
                config, StageRange.whole(config), kernels, weights, gradients, shape.batch(), shape.time());
    }

    private static int[] randomTokens(TrainShape shape, long stream) {
        int[] tokens = new int[shape.tokens()];
        Arrays.setAll(tokens, i -> (int) (CounterRandom.uniform(1, stream, i) * shape.vocab()));
        return tokens;
    }

    /** Takes a step on the same tokens as each step; returns its loss, nats a token. */
    public double step() {
        stage.startGradients();
        double loss = stage.forwardBackward(inputs, targets, 1, state.step());
        double norm = Math.sqrt(adamW.sumOfSquares(0, layout.size(), gradients));
        adamW.step(state, weights, gradients, adamW.options().learningRate(), adamW.clipScale(norm));
        return loss;
    }

    @Override
    public void close() {
        stage.close();
        arena.close();
    }
}
