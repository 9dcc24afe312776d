package dev.troupe.deploy.bench;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.serving.batch.SchedulingLimits;
import dev.troupe.actors.serving.batch.SchedulingPolicy;
import dev.troupe.actors.serving.engine.DirectoryLoader;
import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.actors.serving.engine.EngineLoop;
import dev.troupe.actors.serving.engine.LoadTimes;
import dev.troupe.actors.serving.replica.ReplicaSettings;
import dev.troupe.model.TroupeException;
import dev.troupe.model.chat.ChatTemplate;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * From the start of this process to a model's first token, as a replica loads one. Once per process: the second time,
 * everything is compiled and checked.
 */
public final class LoadBench {
    private static final long SEED = 11;

    /**
     * What was measured.
     *
     * @param arithmetic how it is computed
     * @param startSeconds from the start of the process until the load began
     * @param loadSeconds by part
     * @param firstTokenSeconds of a prompt of {@code promptTokens} once the model is loaded
     * @param totalSeconds from the start of the process to the first token
     * @param memory that the process took
     */
    public record Report(
            String model,
            String version,
            String arithmetic,
            double startSeconds,
            Map<String, Double> loadSeconds,
            int promptTokens,
            double firstTokenSeconds,
            double totalSeconds,
            MemoryUse memory) {}

    private LoadBench() {}

    /**
     * Loads a model and answers with one token.
     *
     * @param model file or directory
     * @param overrides such as {@code troupe.serving.decode}
     * @throws TroupeException when the model cannot be served, or its context is shorter than the prompt
     */
    public static Report run(Path model, Config overrides, int promptTokens) {
        ReplicaSettings settings = ReplicaSettings.from(overrides.withFallback(ConfigFactory.load()));
        long start = System.currentTimeMillis();
        LoadTimes times = new LoadTimes();
        try (Engine engine = new DirectoryLoader(settings.engine(), "bench", ChatTemplate.AUTO, model).load(times)) {
            int context = engine.description().contextLength();
            if (promptTokens >= context) {
                throw new TroupeException("the context is " + context + " tokens: ask for a shorter --prompt");
            }
            SchedulingLimits limits = settings.limits(context, engine.numKvBlocks());
            EngineLoop loop = new EngineLoop(
                    new SchedulingPolicy(
                            limits,
                            settings.reuse().scheduling(settings.engine().inference())),
                    engine);
            int vocabSize = engine.description().vocabSize();
            List<Integer> prompt =
                    new Random(SEED).ints(promptTokens, 0, vocabSize).boxed().toList();
            LoadTimes answer = new LoadTimes();
            answer.measure("first token", () -> {
                loop.offer(new LoadRequest(Map.of()).of("bench", prompt, 1));
                loop.run();
                return loop;
            });
            long end = System.currentTimeMillis();
            MemoryUse memory = MemoryUse.of(model, settings.engine().kvCacheBytes());
            return new Report(
                    model.getFileName().toString(),
                    engine.description().version(),
                    engine.description().arithmetic(),
                    sinceProcessStart(start),
                    new LinkedHashMap<>(times.seconds()),
                    promptTokens,
                    answer.total(),
                    sinceProcessStart(end),
                    memory);
        }
    }

    /** Asked at the end only: making the bean that knows takes time of its own. */
    private static double sinceProcessStart(long millis) {
        return (millis - ManagementFactory.getRuntimeMXBean().getStartTime()) / 1e3;
    }
}
