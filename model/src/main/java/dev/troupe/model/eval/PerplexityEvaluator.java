package dev.troupe.model.eval;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.transformer.Parameters;
import dev.troupe.model.transformer.StageRange;
import dev.troupe.model.transformer.TrainingStage;
import java.util.Arrays;

/** Evaluates a model on windows of text, several at a time. The result does not depend on how many. Not thread-safe. */
public final class PerplexityEvaluator implements AutoCloseable {
    private final TrainingStage stage;
    private final int batch;
    private final int maxTime;

    /**
     * Allocates activations for {@code batch} windows of {@code maxTime} tokens.
     *
     * @param weights must stay open and, during a call, unchanged
     */
    public PerplexityEvaluator(ModelConfig config, Parameters weights, Kernels kernels, int batch, int maxTime) {
        this.stage = new TrainingStage(config, StageRange.whole(config), kernels, weights, null, batch, maxTime);
        this.batch = batch;
        this.maxTime = maxTime;
    }

    /** Predicts every token of the set. */
    public Evaluation evaluate(EvaluationSet set) {
        int time = set.time();
        if (time > maxTime) {
            throw new IllegalArgumentException("windows of " + time + " tokens in an evaluator for " + maxTime);
        }
        int vocabSize = stage.config().vocabSize();
        int[] inputs = new int[batch * time];
        int[] targets = new int[batch * time];
        double nll = 0;
        long tokens = 0;
        long bytes = 0;
        for (long window = 0; window < set.numWindows(); window += batch) {
            int rows = (int) Math.min(batch, set.numWindows() - window);
            for (int row = 0; row < rows; row++) {
                tokens += set.fill(window + row, inputs, targets, row * time);
            }
            int length = rows * time;
            requireInVocabulary(inputs, targets, length, vocabSize);
            stage.evaluate(Arrays.copyOf(inputs, length), time, Arrays.copyOf(targets, length));
            Tensor losses = stage.tokenLosses(); // [rows·T], 0 where the target does not count
            for (int i = 0; i < length; i++) {
                if (targets[i] >= 0) {
                    nll += losses.get(i);
                    bytes += set.bytesOf(targets[i]);
                }
            }
        }
        return set.evaluation(tokens, bytes, nll);
    }

    private static void requireInVocabulary(int[] inputs, int[] targets, int length, int vocabSize) {
        for (int i = 0; i < length; i++) {
            int token = Math.max(inputs[i], targets[i]);
            if (token >= vocabSize) {
                throw new TroupeException("token " + token + " is not in the model's vocabulary of " + vocabSize
                        + ": the tokens were made for another model");
            }
        }
    }

    @Override
    public void close() {
        stage.close();
    }
}
