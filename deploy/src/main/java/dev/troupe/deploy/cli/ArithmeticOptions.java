package dev.troupe.deploy.cli;

import dev.troupe.deploy.run.LocalModel;
import dev.troupe.model.transformer.Decode;
import dev.troupe.model.transformer.InferenceSettings;
import dev.troupe.model.transformer.Prefill;
import dev.troupe.model.transformer.ServedCache;
import dev.troupe.model.transformer.ServedWeights;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What computes, and in how many bits: options of commands that use a model in this process. */
final class ArithmeticOptions {
    @Mixin
    private BackendOptions kernels = new BackendOptions();

    @Option(
            names = "--weights",
            paramLabel = "TYPE",
            defaultValue = ServedWeights.STORED,
            description =
                    "what matrices are rounded to, as when the model is served: stored (as in its file), f32, bf16,"
                            + " f16, q8_0, q6_k, q4_k or q4_0 (default: ${DEFAULT-VALUE})")
    private String weights = ServedWeights.STORED;

    @Option(
            names = "--prefill",
            paramLabel = "HOW",
            defaultValue = "auto",
            description = "how text that is given is read: auto, as it is written, exact, or bf16, int8 or int8_copy,"
                    + " which are faster (default: ${DEFAULT-VALUE})")
    private String prefill = "auto";

    @Option(
            names = "--decode",
            paramLabel = "HOW",
            defaultValue = "auto",
            description = "how text is written: exact; blocks, with activations in eight bits where weights are q8_0,"
                    + " q4_0 or q4_k; int8, with one scale a row; or auto, blocks for models of 67 million weights"
                    + " and more, else exact (default: ${DEFAULT-VALUE})")
    private String decode = "auto";

    @Option(
            names = "--kv-cache-type",
            paramLabel = "TYPE",
            defaultValue = ServedCache.EXACT,
            description = "what keys and values are rounded to: f32 (not at all), bf16, f16 or q8_0"
                    + " (default: ${DEFAULT-VALUE})")
    private String cache = ServedCache.EXACT;

    LocalModel open(Path model) {
        return LocalModel.open(model, kernels.backend(), kernels.precision());
    }

    InferenceSettings settings() {
        return new InferenceSettings(
                ServedWeights.named(weights), Prefill.named(prefill), Decode.named(decode), ServedCache.named(cache));
    }
}
