package dev.troupe.it;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.serving.replica.ModelReplica;
import dev.troupe.actors.serving.replica.ReplicaSettings;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.format.ModelDirectory;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Parameters;
import dev.troupe.routing.RoutingConfig;
import dev.troupe.routing.RoutingServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** A router and a real replica of a model, such as a tiny one with random weights, in this process. */
final class RandomModelServer {
    /** The name that the model is served by. */
    static final String MODEL = "random";

    private static final Duration READY = Duration.ofSeconds(30);

    private final ActorSystem<Void> system;
    private final String url;

    private RandomModelServer(ActorSystem<Void> system, String url) {
        this.system = system;
        this.url = url;
    }

    /** Writes a model of width 32 with two layers, the same in every call. */
    static void write(Path directory, Tokenizer tokenizer, int contextLength) {
        write(directory, llama(tokenizer.vocabSize(), 32, 2, 2, 1, 64, contextLength), 1, tokenizer);
    }

    /** A shape as Llama's small models have it, with a tied head. */
    static ModelConfig llama(
            int vocabSize, int dim, int layers, int heads, int kvHeads, int ffnDim, int contextLength) {
        return new ModelConfig(
                "llama",
                vocabSize,
                dim,
                layers,
                heads,
                kvHeads,
                dim / heads,
                ffnDim,
                contextLength,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                10_000,
                true,
                false,
                0);
    }

    /** Writes a model of this shape. */
    static void write(Path directory, ModelConfig config, long seed, Tokenizer tokenizer) {
        try (var arena = TensorArena.open("random-model")) {
            var weights = Parameters.allocate(ParameterLayout.of(config), arena);
            weights.initialize(seed);
            ModelDirectory.write(directory, config, weights, tokenizer);
        }
    }

    /**
     * Serves what is in {@code directory}; ready when this returns.
     *
     * @param settings in HOCON, over the defaults
     */
    static RandomModelServer start(Path directory, String settings) throws Exception {
        var config = ConfigFactory.parseString(settings)
                .withFallback(ConfigFactory.parseString("""
                        akka { actor.provider = local, coordinated-shutdown.exit-jvm = off, loglevel = WARNING }
                        troupe.routing { http.port = 0, grpc.port = 0 }
                        troupe.serving { modelId = random, threads = 1, kvCache = 16 MiB }
                        """))
                .withFallback(ConfigFactory.load());
        ActorSystem<Void> system = ActorSystem.create(
                Behaviors.setup(context -> {
                    context.spawn(ModelReplica.create(ReplicaSettings.from(config), directory), "replica");
                    return Behaviors.empty();
                }),
                "random-model",
                config);
        var server = new RandomModelServer(
                system,
                RoutingServer.start(system, RoutingConfig.from(config))
                        .toCompletableFuture()
                        .get(20, TimeUnit.SECONDS)
                        .httpUrl());
        server.awaitReady();
        return server;
    }

    private void awaitReady() throws Exception {
        var ready = HttpRequest.newBuilder(URI.create(url + "/readyz")).build();
        long end = System.nanoTime() + READY.toNanos();
        try (var client = HttpClient.newHttpClient()) {
            while (client.send(ready, HttpResponse.BodyHandlers.discarding()).statusCode() != 200) {
                if (System.nanoTime() > end) {
                    throw new AssertionError("the replica is not ready after " + READY.toSeconds() + " s");
                }
                Thread.sleep(50);
            }
        }
    }

    /** Posts JSON. */
    HttpResponse<String> post(String path, String body) throws IOException, InterruptedException {
        try (var client = HttpClient.newHttpClient()) {
            return client.send(
                    HttpRequest.newBuilder(URI.create(url + path))
                            .header("content-type", "application/json")
                            .POST(HttpRequest.BodyPublishers.ofString(body))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        }
    }

    /** Where the API is, without a slash at the end. */
    String url() {
        return url;
    }

    /** Ends it; returns when it has ended. */
    void stop() throws Exception {
        system.terminate();
        system.getWhenTerminated().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }
}
