package dev.troupe.deploy.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.deploy.node.MetricsEndpoint;
import dev.troupe.deploy.node.NodeService;
import dev.troupe.deploy.node.TroupeNode;
import dev.troupe.model.TroupeException;
import dev.troupe.routing.Bindings;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;

/**
 * A node under a mix of everything that clients do, for long: completions and chats, whole and in streams, over HTTP
 * and gRPC, several choices, scores, JSON, embeddings, tokens, shared prefixes, requests that are refused, clients that
 * read slowly or not at all, or leave before and in the middle of an answer. Every few seconds the clients pause; then
 * nothing may be left in the key-value cache, and memory is measured. The run fails when memory grows, when the cache
 * keeps something, or when an answer was not as it should be.
 */
public final class Soak {
    private static final long SEED = 17;
    private static final int MEASUREMENTS = 16;
    private static final Duration LEAST_INTERVAL = Duration.ofMillis(1500);
    private static final Duration MOST_INTERVAL = Duration.ofSeconds(20);
    /** How long blocks may take to be free: what is kept for good is kept then, too, however slow the machine is. */
    private static final Duration SETTLE = Duration.ofMinutes(1);

    private static final long POLL_MILLIS = 100;
    private static final long MEGA = 1_000_000;
    /**
     * Part of a run in which other memory fills, beyond what the heap needs for that: blocks of the cache take memory
     * when they are first written, and arenas of malloc, of compilers and of gRPC's buffers keep the most that they
     * ever had. So the trend of the second half is judged.
     */
    private static final double FILLING = 0.5;
    /** A chunk of an arena for each processor or two, of 4 to 16 MB, and a compiler's peak, which may still come. */
    private static final long OTHER_BYTES = 64 * MEGA;

    /**
     * Memory and cache while no client asks for anything.
     *
     * @param seconds since the start
     * @param requests since the start
     * @param kvBlocksUsed by requests; there are none
     * @param kvBlocksIdle kept for requests that share a prefix; bounded by the cache
     */
    public record Sample(
            double seconds,
            long requests,
            long heapBytes,
            long tensorBytes,
            long bufferBytes,
            long otherBytes,
            long kvBlocksUsed,
            long kvBlocksIdle,
            int threads) {}

    /**
     * What came of it.
     *
     * @param requests by kind
     * @param growth of what was measured
     * @param faults what must not be: empty when the run has passed
     */
    public record Report(
            String model,
            double seconds,
            Map<String, Long> requests,
            List<Sample> samples,
            List<Growth> growth,
            List<String> faults) {
        @JsonProperty("passed")
        public boolean passed() {
            return faults.isEmpty();
        }
    }

    private final HttpClient client = HttpClient.newHttpClient();
    private final Duration length;
    private final int numClients;
    private final Consumer<Sample> listener;

    private Soak(Duration length, int numClients, Consumer<Sample> listener) {
        this.length = length;
        this.numClients = numClients;
        this.listener = listener;
    }

    /**
     * Runs.
     *
     * @param model file or directory
     * @param config overrides
     * @param numClients that ask at once
     * @param listener hears each sample when it is taken
     * @throws TroupeException when the model cannot be served or the run is too short to judge
     */
    public static Report run(Path model, Config config, Duration length, int numClients, Consumer<Sample> listener) {
        if (!Files.exists(model)) {
            throw new TroupeException("there is no model " + model);
        }
        if (length.compareTo(LEAST_INTERVAL.multipliedBy(MEASUREMENTS / 2)) < 0) {
            throw new TroupeException("a soak of " + length.toMillis() / 1e3 + " s says nothing: give it at least "
                    + LEAST_INTERVAL.multipliedBy(MEASUREMENTS / 2).toSeconds() + " s");
        }
        return new Soak(length, numClients, listener).run(model, config);
    }

    private Report run(Path model, Config config) {
        Config overrides = ConfigFactory.parseString("troupe.node { roles = [server, router], metricsPort = 0 }\n"
                        + "troupe.routing { http.port = 0, grpc.port = 0 }\n"
                        + "akka.remote.artery.canonical.port = 0\n"
                        + "kamon.metric.tick-interval = 100 ms\n"
                        + "troupe.node.model = \"" + model.toAbsolutePath() + "\"")
                .withFallback(config);
        try (client;
                TroupeNode node = TroupeNode.start(overrides);
                MetricsEndpoint metrics = MetricsEndpoint.start(node.config(), 0)) {
            NodeService service = NodeService.start(node);
            ModelDescription description = service.model().orElseThrow();
            Bindings bindings = service.bindings().orElseThrow();
            try (SoakGrpc grpc =
                    new SoakGrpc(node.system(), bindings.grpcHost(), bindings.grpcPort(), description.modelId())) {
                SoakLoad load = new SoakLoad(new SoakHttp(client, bindings.httpUrl()), grpc, description, SEED);
                return soak(
                        description.modelId(), load, URI.create(metrics.url().orElseThrow()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TroupeException("interrupted", e);
        } catch (IOException e) {
            throw new TroupeException("the metrics cannot be read: " + e.getMessage(), e);
        }
    }

    private Report soak(String modelId, SoakLoad load, URI metrics) throws InterruptedException, IOException {
        Duration interval = length.dividedBy(MEASUREMENTS);
        interval = interval.compareTo(LEAST_INTERVAL) < 0 ? LEAST_INTERVAL : interval;
        interval = interval.compareTo(MOST_INTERVAL) > 0 ? MOST_INTERVAL : interval;
        List<SplittableRandom> randoms = new ArrayList<>();
        for (int i = 0; i < numClients; i++) {
            randoms.add(new SplittableRandom(SEED + 1 + i));
        }
        List<Sample> samples = new ArrayList<>();
        long start = System.nanoTime();
        while (System.nanoTime() - start < length.toNanos() || samples.size() < 2 * Growth.LEAST) {
            askFor(load, randoms, interval);
            Sample sample = sample(start, load, metrics);
            listener.accept(sample);
            samples.add(sample);
        }
        List<Growth> growth = growth(samples);
        double seconds = (System.nanoTime() - start) / 1e9;
        return new Report(modelId, seconds, load.counts(), samples, growth, faults(load, samples, growth));
    }

    private void askFor(SoakLoad load, List<SplittableRandom> randoms, Duration interval) throws InterruptedException {
        long end = System.nanoTime() + interval.toNanos();
        List<Future<?>> clients = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (SplittableRandom random : randoms) {
                clients.add(threads.submit(() -> {
                    load.run(random, end);
                    return null;
                }));
            }
            for (Future<?> one : clients) {
                one.get();
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("a client of the soak failed", e.getCause());
        }
    }

    /** Waits until the cache is free, so far as it gets, and measures. */
    private Sample sample(long start, SoakLoad load, URI metrics) throws InterruptedException, IOException {
        long end = System.nanoTime() + SETTLE.toNanos();
        String text = read(metrics);
        while (value(text, "troupe_serving_kv_blocks_used") + value(text, "troupe_serving_running") > 0
                && System.nanoTime() - end < 0) {
            Thread.sleep(POLL_MILLIS);
            text = read(metrics);
        }
        ProcessMemory memory = ProcessMemory.afterCollection();
        return new Sample(
                (System.nanoTime() - start) / 1e9,
                load.counts().values().stream().mapToLong(Long::longValue).sum(),
                memory.heap(),
                memory.tensors(),
                memory.buffers(),
                memory.other(),
                value(text, "troupe_serving_kv_blocks_used"),
                value(text, "troupe_serving_kv_blocks_idle"),
                Thread.getAllStackTraces().size());
    }

    private String read(URI metrics) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(metrics).build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }

    private static long value(String metrics, String name) {
        return (long) metrics.lines()
                .filter(line -> line.startsWith(name + "{"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    private List<Growth> growth(List<Sample> samples) {
        List<Growth> growth = new ArrayList<>();
        // After a collection: what differs is the buffers of connections and threads that happen to be kept.
        growth.add(growth(samples, "heap", "bytes", Sample::heapBytes, Growth.WARM_UP, 3 * MEGA, 0.03));
        // Counted to the byte, the cache in full from the start; a larger step may still want larger scratch space.
        growth.add(growth(samples, "tensors", "bytes", Sample::tensorBytes, Growth.WARM_UP, MEGA, 0));
        // A socket's buffer for each thread that wrote to one, of some 16 to 128 KB.
        growth.add(growth(samples, "buffers", "bytes", Sample::bufferBytes, Growth.WARM_UP, 4 * MEGA, 0));
        if (samples.getFirst().otherBytes() >= 0) {
            growth.add(growth(samples, "other", "bytes", Sample::otherBytes, FILLING, OTHER_BYTES, 0.02));
        }
        // Pools start a thread when more are wanted at once than ever before: one for each client, and some of actors.
        growth.add(growth(samples, "threads", "threads", Sample::threads, FILLING, Math.max(8, numClients), 0));
        return growth;
    }

    private static Growth growth(
            List<Sample> samples,
            String what,
            String unit,
            ToDoubleFunction<Sample> measured,
            double warmUp,
            double allowed,
            double share) {
        List<Double> values = samples.stream().map(measured::applyAsDouble).toList();
        return Growth.of(what, unit, values, warmUp, allowed, share);
    }

    private static List<String> faults(SoakLoad load, List<Sample> samples, List<Growth> growth) {
        List<String> faults = new ArrayList<>(load.surprises());
        for (Sample sample : samples) {
            if (sample.kvBlocksUsed() > 0) {
                faults.add(String.format(
                        "%d blocks of the key-value cache are in use after %.0f s, though no request is",
                        sample.kvBlocksUsed(), sample.seconds()));
            }
        }
        for (Growth each : growth) {
            if (each.tooMuch()) {
                faults.add(String.format(
                        "%s grew from %,.0f to %,.0f %s", each.what(), each.before(), each.after(), each.unit()));
            }
        }
        return faults;
    }
}
