package dev.troupe.actors.serving.split;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.format.ModelDirectory;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.BpeTrainer;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Parameters;
import java.nio.file.Path;
import java.util.List;

/** Small random models of every architecture, in files. */
final class SplitModels {
    static final int CONTEXT = 64;
    static final Tokenizer TOKENIZER =
            BpeTrainer.train(List.of("a part of the parts"), 264, List.of(BpeTrainer.END_OF_TEXT), 1);

    private SplitModels() {}

    static ModelConfig config(String name) {
        return switch (name) {
            // Grouped heads, tied.
            case "llama" -> rotary("llama", 6, 3, 96, 160, true, false);
            // Biases of queries, keys and values only, untied.
            case "qwen2" -> rotary("qwen2", 4, 2, 64, 192, false, true);
            case "gpt2" ->
                new ModelConfig(
                        "gpt2",
                        TOKENIZER.vocabSize(),
                        64,
                        4,
                        4,
                        4,
                        16,
                        256,
                        CONTEXT,
                        NormKind.LAYER,
                        1e-5f,
                        MlpKind.GELU,
                        PositionKind.LEARNED,
                        10_000,
                        true,
                        true,
                        0);
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static ModelConfig rotary(
            String architecture, int heads, int kvHeads, int dim, int ffnDim, boolean tied, boolean qkvBias) {
        return new ModelConfig(
                architecture,
                TOKENIZER.vocabSize(),
                dim,
                4,
                heads,
                kvHeads,
                16,
                ffnDim,
                CONTEXT,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                10_000,
                tied,
                false,
                0,
                qkvBias,
                null,
                0);
    }

    /** Writes a model directory into {@code folder}. */
    static Path write(Path folder, String name, ModelConfig config, long seed) {
        Path directory = folder.resolve(name);
        try (TensorArena arena = TensorArena.open("test.split-models")) {
            Parameters weights = Parameters.allocate(ParameterLayout.of(config), arena);
            weights.initialize(seed);
            for (long i = 0; i < weights.flat().size(); i++) {
                float noise = (float) Math.sin(i * 0.7 + seed) * 0.01f; // biases are not zero, either
                weights.flat().set(i, weights.flat().get(i) * 6 + noise); // far from uniform
            }
            ModelDirectory.write(directory, config, weights, TOKENIZER);
        }
        return directory;
    }
}
