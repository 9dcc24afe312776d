package dev.troupe.actors.serving.engine;

import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.PromptOutput;
import dev.troupe.actors.serving.batch.ScheduledBatch;
import dev.troupe.actors.serving.batch.ScheduledChunk;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.transformer.InferenceModel;
import dev.troupe.model.transformer.ModelPart;
import dev.troupe.model.transformer.WeightSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * Samples what a {@link StepExecutor} computes. Its kernels are batch-invariant, so what else is in a batch, and how a
 * prompt was cut into chunks, changes no bit of an answer.
 */
public final class ModelEngine implements Engine {
    private final ModelDescription description;
    private final StepExecutor steps;

    ModelEngine(ModelDescription description, StepExecutor steps) {
        this.description = description;
        this.steps = steps;
    }

    /**
     * Lays out weights and allocates the cache.
     *
     * @param weights are not needed afterwards
     * @param pool that the kernels run on
     * @param freeRest called last when the engine is closed, for what it was made from
     * @throws dev.troupe.model.TroupeException when the cache is too small for one context
     */
    public static ModelEngine create(
            EngineSettings settings,
            ModelDescription description,
            ModelConfig config,
            WeightSource weights,
            Kernels kernels,
            ComputePool pool,
            Runnable freeRest) {
        long blockBytes = KvCacheSize.blockBytes(config, settings.inference().cache());
        long rowBytes = KvCacheSize.rowBytes(ModelPart.whole(config), settings);
        int numKvBlocks = KvCacheSize.of(settings, blockBytes, rowBytes).numBlocks(config);
        return new ModelEngine(
                description, WholeModel.lay(settings, config, weights, kernels, pool, numKvBlocks, freeRest));
    }

    @Override
    public ModelDescription description() {
        return description;
    }

    @Override
    public int numKvBlocks() {
        return steps.numKvBlocks();
    }

    @Override
    public Executor executor(Executor compute) {
        return steps.executor(compute);
    }

    @Override
    public CompletableFuture<String> lost() {
        return steps.lost();
    }

    @Override
    public List<List<SampledToken>> execute(
            ScheduledBatch batch, List<AnswerSampler> samplers, List<PromptReader> readers) {
        InferenceModel.Output output = steps.forward(BatchRows.of(batch.chunks()));
        Tensor logits = output.logits(); // [wanted rows, V]
        List<List<SampledToken>> samples = new ArrayList<>(samplers.size());
        int nextReader = 0;
        Map<Long, Integer> lastKnown = new HashMap<>(); // row of logits behind each sequence's last known token
        int row = 0;
        int hiddenRow = 0;
        for (ScheduledChunk chunk : batch.chunks()) {
            if (chunk.readsPrompt()) {
                PromptReader reader = readers.get(nextReader++);
                for (int i = 0; i < chunk.tokens().size(); i++) {
                    int position = chunk.firstPosition() + i;
                    if (!chunk.isRead(position)) {
                        continue;
                    }
                    if (chunk.promptOutput() == PromptOutput.EMBEDDING) {
                        reader.read(position, output.hidden(), hiddenRow++);
                    } else {
                        reader.read(position, logits, row++);
                    }
                }
            }
            if (chunk.sampled()) {
                if (!chunk.tokens().isEmpty()) {
                    lastKnown.put(chunk.arrival(), row);
                }
                int from = Objects.requireNonNull(lastKnown.get(chunk.drawsFrom()));
                samples.add(draw(chunk, samplers.get(samples.size()), logits, from));
                row += chunk.numLogitRows();
            }
        }
        return samples;
    }

    /** Draws until a guess is not what was drawn: the logits behind it are those of another sequence. */
    private static List<SampledToken> draw(ScheduledChunk chunk, AnswerSampler sampler, Tensor logits, int firstRow) {
        List<SampledToken> drawn = new ArrayList<>();
        for (int i = 0; i < chunk.numWanted(); i++) {
            SampledToken next = sampler.draw(logits, firstRow + i);
            drawn.add(next);
            if (i < chunk.numDraft() && chunk.draft(i) != next.token()) {
                break;
            }
        }
        return drawn;
    }

    @Override
    public void close() {
        steps.close();
    }
}
