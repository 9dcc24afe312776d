package dev.troupe.model.format.layouts;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.format.ModelDirectory;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.BpeTrainer;
import dev.troupe.model.transformer.InferenceModel;
import dev.troupe.model.transformer.TestModels;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;

/** A model whose matrices have whole blocks and ends of them, as a directory, and what it says of some tokens. */
final class SmallModel {
    static final ModelConfig CONFIG = TestModels.blocks(270);

    /** Tokens of a forward pass. */
    static final int ROWS = 11;

    static final long SEED = 5;

    private SmallModel() {}

    /** Writes it with random weights. */
    static void write(Path directory, long seed) {
        try (TensorArena arena = TensorArena.open("test.weights")) {
            ModelDirectory.write(
                    directory,
                    CONFIG,
                    TestModels.randomWeights(CONFIG, seed, arena),
                    BpeTrainer.train(
                            List.of("the theatre of the thespians thanks the audience"),
                            CONFIG.vocabSize(),
                            List.of(BpeTrainer.END_OF_TEXT),
                            1));
        }
    }

    /**
     * Logits of all tokens of one pass.
     *
     * @param numPrompt the first tokens, which count as a prompt's, as products of prompts may be others
     */
    static List<Float> logits(InferenceModel model, int numPrompt) {
        int[] positions = new int[ROWS];
        int[][] tables = new int[ROWS][];
        boolean[] wanted = new boolean[ROWS];
        boolean[] ofPrompt = new boolean[ROWS];
        for (int row = 0; row < ROWS; row++) {
            positions[row] = row;
            tables[row] = new int[] {0};
            wanted[row] = true;
            ofPrompt[row] = row < numPrompt;
        }
        int[] tokens = TestModels.randomTokens(CONFIG, ROWS, SEED);
        Tensor logits = model.forward(ROWS, tokens, positions, tables, wanted, ofPrompt);
        return LongStream.range(0, logits.size()).mapToObj(logits::get).toList();
    }
}
