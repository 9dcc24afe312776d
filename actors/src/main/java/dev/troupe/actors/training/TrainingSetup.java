package dev.troupe.actors.training;

import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.tokenizer.Tokenizer;
import java.nio.file.Path;

/**
 * A run that is ready to start: text has become tokens, the model has its vocabulary.
 *
 * @param runId appears in events, logs and metrics
 * @param runDir gets {@code checkpoints/}, {@code metrics.jsonl} and {@code summary.json}
 * @param trainTokens directory of token shards
 * @param heldOutTokens directory of token shards
 * @param resume go on from the latest valid checkpoint in {@code runDir}; without one the run starts at step 0
 */
public record TrainingSetup(
        String runId,
        Path runDir,
        TrainingConfig config,
        ModelConfig model,
        Tokenizer tokenizer,
        Path trainTokens,
        Path heldOutTokens,
        boolean resume) {
    /** The same, going on from what its directory has. */
    public TrainingSetup resumed() {
        return new TrainingSetup(runId, runDir, config, model, tokenizer, trainTokens, heldOutTokens, true);
    }

    /** Tokens that a step trains on, at the end of a ramp. */
    public int tokensPerStep() {
        return config.train().batch() * model.contextLength() * config.train().accumulation();
    }
}
