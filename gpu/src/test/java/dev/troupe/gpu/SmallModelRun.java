package dev.troupe.gpu;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.optim.AdamW;
import dev.troupe.model.optim.AdamWOptions;
import dev.troupe.model.optim.OptimizerState;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.transformer.InferenceModel;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Parameters;
import dev.troupe.model.transformer.StageRange;
import dev.troupe.model.transformer.TestModels;
import dev.troupe.model.transformer.TrainingStage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** A few steps of training, then a prompt and greedy tokens after it, by any kernels. */
final class SmallModelRun {
    static final long SEED = 42;

    private static final int BATCH = 3;
    private static final int TIME = 8;
    private static final int STEPS = 4;
    private static final int PROMPT = 5;
    private static final int DECODED = 8;
    private static final int KV_BLOCKS = 2;

    /**
     * What came out.
     *
     * @param losses of the steps
     * @param logits after the prompt [V]
     * @param decoded the likeliest tokens after it
     */
    record Result(List<Double> losses, List<Float> logits, List<Integer> decoded) {}

    private SmallModelRun() {}

    static Result of(ModelConfig config, Kernels kernels) {
        try (TensorArena arena = TensorArena.open("test")) {
            Parameters weights = TestModels.randomWeights(config, SEED, arena);
            List<Double> losses = train(config, kernels, weights, arena);
            return decode(config, kernels, weights, losses);
        }
    }

    /** One training step as a run does it; returns the loss. */
    static double step(
            TrainingStage stage,
            AdamW adamW,
            OptimizerState state,
            Parameters weights,
            Parameters gradients,
            int step) {
        ModelConfig config = stage.config();
        gradients.flat().zero();
        int[] inputs = TestModels.randomTokens(config, BATCH * TIME, SEED);
        int[] targets = TestModels.randomTokens(config, BATCH * TIME, SEED + 1);
        double loss = stage.forwardBackward(inputs, targets, 1, step);
        double norm = Math.sqrt(adamW.sumOfSquares(0, gradients.flat().size(), gradients));
        adamW.step(state, weights, gradients, 1e-2, adamW.clipScale(norm));
        return loss;
    }

    /** A stage for {@link #step}. */
    static TrainingStage stage(ModelConfig config, Kernels kernels, Parameters weights, Parameters gradients) {
        return new TrainingStage(config, StageRange.whole(config), kernels, weights, gradients, BATCH, TIME);
    }

    private static List<Double> train(ModelConfig config, Kernels kernels, Parameters weights, TensorArena arena) {
        ParameterLayout layout = ParameterLayout.of(config);
        Parameters gradients = Parameters.allocate(layout, arena);
        OptimizerState state = OptimizerState.allocate(0, layout.size(), arena);
        AdamW adamW = new AdamW(AdamWOptions.gpt3(1e-2, 0, STEPS), kernels, layout);
        List<Double> losses = new ArrayList<>();
        try (TrainingStage stage = stage(config, kernels, weights, gradients)) {
            for (int step = 0; step < STEPS; step++) {
                losses.add(step(stage, adamW, state, weights, gradients, step));
            }
        }
        return losses;
    }

    private static Result decode(ModelConfig config, Kernels kernels, Parameters weights, List<Double> losses) {
        int[] table = IntStream.range(0, KV_BLOCKS).map(i -> KV_BLOCKS - 1 - i).toArray();
        try (InferenceModel model = InferenceModel.create(config, weights, kernels, KV_BLOCKS, KvBlocks.BLOCK_TOKENS)) {
            int[] prompt = TestModels.randomTokens(config, PROMPT, SEED + 2);
            float[] first = forward(model, prompt, 0, table);
            List<Integer> decoded = new ArrayList<>();
            float[] logits = first;
            for (int i = 0; i < DECODED; i++) {
                int token = greatest(logits);
                decoded.add(token);
                logits = forward(model, new int[] {token}, PROMPT + i, table);
            }
            List<Float> after = new ArrayList<>();
            for (float logit : first) {
                after.add(logit);
            }
            return new Result(losses, after, decoded);
        }
    }

    /** Logits of the last of some tokens from a position on. */
    private static float[] forward(InferenceModel model, int[] tokens, int from, int[] table) {
        int rows = tokens.length;
        int[] positions = IntStream.range(from, from + rows).toArray();
        int[][] tables = new int[rows][];
        Arrays.fill(tables, table);
        boolean[] wanted = new boolean[rows];
        wanted[rows - 1] = true;
        Tensor logits = model.forward(rows, tokens, positions, tables, wanted);
        return logits.toArray();
    }

    private static int greatest(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }
}
