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
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

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
     * @param fileBytes of the model's weights: the file, or all safetensors files of the directory
     * @param startSeconds from the start of the process until the load began
     * @param loadSeconds by part
     * @param firstTokenSeconds of a prompt of {@code promptTokens} once the model is loaded
     * @param totalSeconds from the start of the process to the first token
     * @param peakResidentBytes the most memory that the process had (VmHWM), 0 where the system does not say
     * @param peakOverFile the same over {@code fileBytes}
     * @param kvCacheBytes most bytes of the key-value cache, which takes memory only as it fills
     */
    public record Report(
            String model,
            String version,
            String arithmetic,
            long fileBytes,
            double startSeconds,
            Map<String, Double> loadSeconds,
            int promptTokens,
            double firstTokenSeconds,
            double totalSeconds,
            long peakResidentBytes,
            double peakOverFile,
            long kvCacheBytes) {}

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
            long bytes = fileBytes(model);
            long peak = peakResidentBytes();
            return new Report(
                    model.getFileName().toString(),
                    engine.description().version(),
                    engine.description().arithmetic(),
                    bytes,
                    sinceProcessStart(start),
                    new LinkedHashMap<>(times.seconds()),
                    promptTokens,
                    answer.total(),
                    sinceProcessStart(end),
                    peak,
                    peak / (double) bytes,
                    settings.engine().kvCacheBytes());
        }
    }

    /** Asked at the end only: making the bean that knows takes time of its own. */
    private static double sinceProcessStart(long millis) {
        return (millis - ManagementFactory.getRuntimeMXBean().getStartTime()) / 1e3;
    }

    private static long fileBytes(Path model) {
        try {
            if (Files.isRegularFile(model)) {
                return Files.size(model);
            }
            try (Stream<Path> files = Files.list(model)) {
                return files.filter(file -> file.toString().endsWith(".safetensors"))
                        .mapToLong(file -> file.toFile().length())
                        .sum();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Linux counts it for each process. */
    private static long peakResidentBytes() {
        Path status = Path.of("/proc/self/status");
        if (!Files.isReadable(status)) {
            return 0;
        }
        try (Stream<String> lines = Files.lines(status)) {
            return lines.filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
