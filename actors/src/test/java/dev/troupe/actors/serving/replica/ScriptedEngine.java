package dev.troupe.actors.serving.replica;

import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.ServedTokenizer;
import dev.troupe.actors.serving.batch.ScheduledBatch;
import dev.troupe.actors.serving.batch.ScheduledChunk;
import dev.troupe.actors.serving.engine.AnswerSampler;
import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.actors.serving.engine.EngineSettings;
import dev.troupe.actors.serving.engine.PromptReader;
import dev.troupe.actors.serving.engine.SampledToken;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** An engine that continues every sequence with the number of the position, and does a step when it is allowed to. */
final class ScriptedEngine implements Engine {
    static final int VOCAB = 100;
    static final int CONTEXT = 48;

    /** Of a replica with this engine that begins again soon, and tells each token at once. */
    static ReplicaSettings settings(int maxRunning, int maxQueued) {
        return settings(maxRunning, maxQueued, Duration.ZERO);
    }

    /** The same; tokens wait for others as {@code streamInterval} says. */
    static ReplicaSettings settings(int maxRunning, int maxQueued, Duration streamInterval) {
        return settings(maxRunning, maxQueued, streamInterval, Duration.ZERO);
    }

    /** The same; steps wait for successors as {@code successorWait} says. */
    static ReplicaSettings settings(int maxRunning, int maxQueued, Duration streamInterval, Duration successorWait) {
        return new ReplicaSettings(
                "scripted",
                "plain",
                new EngineSettings("auto", Precision.FP32, 1, 32, maxRunning, 1 << 20),
                ReuseSettings.NONE,
                maxQueued,
                maxQueued,
                streamInterval,
                successorWait,
                3,
                Duration.ofMillis(20),
                Duration.ofMillis(100));
    }

    /** Permits for steps; starts with as many as anyone needs. */
    final Semaphore steps = new Semaphore(1 << 20);

    final AtomicInteger stepsDone = new AtomicInteger();
    final AtomicBoolean closed = new AtomicBoolean();

    /** The test completes it with the reason. */
    final CompletableFuture<String> lost = new CompletableFuture<>();

    /** A batch for which this holds throws. */
    volatile Predicate<ScheduledBatch> poison = batch -> false;

    /** Hears of each batch when its step begins. */
    volatile Consumer<ScheduledBatch> begins = batch -> {};

    volatile String tokenizerJson = "{}";

    @Override
    public ModelDescription description() {
        return new ModelDescription(
                "scripted", "v1", CONTEXT, VOCAB, ServedTokenizer.parsed(tokenizerJson), "plain", 0);
    }

    @Override
    public int numKvBlocks() {
        return 3;
    }

    @Override
    public List<List<SampledToken>> execute(
            ScheduledBatch batch, List<AnswerSampler> samplers, List<PromptReader> readers) {
        begins.accept(batch);
        steps.acquireUninterruptibly();
        if (closed.get()) {
            throw new IllegalStateException("used after it was closed");
        }
        if (poison.test(batch)) {
            throw new ArithmeticException("poisoned");
        }
        List<List<SampledToken>> samples = new ArrayList<>();
        try (TensorArena arena = TensorArena.open("test.scripted")) {
            int row = 0;
            for (ScheduledChunk chunk : batch.chunks()) {
                if (chunk.sampled()) {
                    Tensor logits = arena.allocate(1, VOCAB);
                    logits.set((chunk.firstPosition() + chunk.tokens().size()) % VOCAB, 5);
                    samples.add(List.of(samplers.get(row++).draw(logits, 0)));
                }
            }
        }
        stepsDone.incrementAndGet();
        return samples;
    }

    @Override
    public CompletableFuture<String> lost() {
        return lost;
    }

    @Override
    public void close() {
        closed.set(true);
    }
}
