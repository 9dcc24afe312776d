package dev.troupe.model.eval;

import dev.troupe.model.TroupeException;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.sampling.LogProbs;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.transformer.InferenceModel;
import java.util.Arrays;

/**
 * Evaluates a model as it reads prompts when it is served: with rounded weights, and products of prompts in few bits.
 * With nothing rounded the measures are those of {@link PerplexityEvaluator}, up to the order of the last sum.
 */
public final class ServedEvaluator {
    private final InferenceModel model;

    /** @param model whose cache holds a window */
    public ServedEvaluator(InferenceModel model) {
        this.model = model;
    }

    /** Predicts every token of the set, window after window. */
    public Evaluation evaluate(EvaluationSet set) {
        int time = set.time();
        int blocks = Math.ceilDiv(time, KvBlocks.BLOCK_TOKENS);
        if (blocks > model.numKvBlocks()) {
            throw new IllegalArgumentException(
                    "windows of " + time + " tokens and a cache of " + model.numKvBlocks() + " blocks");
        }
        int[] table = new int[blocks];
        Arrays.setAll(table, block -> block);
        int[] inputs = new int[time];
        int[] targets = new int[time];
        double nll = 0;
        long tokens = 0;
        long bytes = 0;
        for (long window = 0; window < set.numWindows(); window++) {
            int length = set.fill(window, inputs, targets, 0);
            requireInVocabulary(inputs, targets, length);
            for (int from = 0; from < length; from += model.maxRows()) {
                nll = add(nll, inputs, targets, from, Math.min(length, from + model.maxRows()), table);
            }
            for (int i = 0; i < length; i++) {
                bytes += set.bytesOf(targets[i]);
            }
            tokens += length;
        }
        return set.evaluation(tokens, bytes, nll);
    }

    /** Adds the nats of the targets of inputs [from, to), one by one: the sum is the same in other chunks. */
    private double add(double sum, int[] inputs, int[] targets, int from, int to, int[] table) {
        int rows = to - from;
        int[] positions = new int[rows];
        Arrays.setAll(positions, row -> from + row);
        int[][] tables = new int[rows][];
        Arrays.fill(tables, table);
        boolean[] all = new boolean[rows];
        Arrays.fill(all, true);
        Tensor logits = model.forward(rows, Arrays.copyOfRange(inputs, from, to), positions, tables, all, all);
        double nll = sum;
        for (int row = 0; row < rows; row++) {
            nll -= LogProbs.logProb(logits, row, targets[from + row]);
        }
        return nll;
    }

    private void requireInVocabulary(int[] inputs, int[] targets, int length) {
        int vocabSize = model.config().vocabSize();
        for (int i = 0; i < length; i++) {
            int token = Math.max(inputs[i], targets[i]);
            if (token >= vocabSize) {
                throw new TroupeException("token " + token + " is not in the model's vocabulary of " + vocabSize
                        + ": the tokens were made for another model");
            }
        }
    }
}
