package dev.troupe.model.bench;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.transformer.InferenceModel;
import dev.troupe.model.transformer.InferenceOptions;
import java.util.Arrays;

/** A model of random weights and some sequences, each with a cache of its own. */
final class InferenceRun implements AutoCloseable {
    private final ModelConfig config;
    private final InferenceModel model;
    private final int[][] tables; // of each sequence

    /** @param length most tokens of a sequence, and most rows of a step */
    InferenceRun(ModelConfig config, Kernels kernels, InferenceOptions options, int sequences, int length) {
        int blocks = Math.ceilDiv(length, KvBlocks.BLOCK_TOKENS);
        this.config = config;
        try (RandomWeights weights = new RandomWeights(config)) {
            this.model = InferenceModel.create(config, weights, kernels, options, blocks * sequences, length);
        }
        this.tables = new int[sequences][blocks];
        for (int s = 0; s < sequences; s++) {
            int first = s * blocks;
            Arrays.setAll(tables[s], block -> first + block);
        }
    }

    long matrixBytes() {
        return model.matrixBytes();
    }

    /** Reads a prompt of {@code length} tokens into an empty cache, in one step. */
    void prompt(int sequence, int length) {
        int[] positions = new int[length];
        Arrays.setAll(positions, i -> i);
        int[][] rows = new int[length][];
        Arrays.fill(rows, tables[sequence]);
        boolean[] wanted = new boolean[length];
        wanted[length - 1] = true;
        boolean[] ofPrompt = new boolean[length];
        Arrays.fill(ofPrompt, true);
        model.forward(length, tokens(length, sequence), positions, rows, wanted, ofPrompt);
    }

    /** Generates {@code steps} tokens for each of the first {@code sequences}, all at once, from a position on. */
    void answers(int sequences, int from, int steps) {
        int[] positions = new int[sequences];
        int[][] rows = Arrays.copyOf(tables, sequences);
        boolean[] wanted = new boolean[sequences];
        Arrays.fill(wanted, true);
        for (int step = 0; step < steps; step++) {
            Arrays.fill(positions, from + step);
            model.forward(sequences, tokens(sequences, step), positions, rows, wanted);
        }
    }

    private int[] tokens(int count, int seed) {
        int[] tokens = new int[count];
        Arrays.setAll(tokens, i -> Math.floorMod((seed * 31 + i) * 7919, config.vocabSize()));
        return tokens;
    }

    @Override
    public void close() {
        model.close();
    }
}
