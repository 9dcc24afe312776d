package dev.troupe.routing.harness;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.AskPattern;
import akka.grpc.GrpcClientSettings;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.ReplicaProtocol;
import dev.troupe.actors.serving.ServedTokenizer;
import dev.troupe.model.chat.TemplateTexts;
import dev.troupe.model.sampling.SamplingDefaults;
import dev.troupe.model.tokenizer.BpeTrainer;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.routing.Bindings;
import dev.troupe.routing.RoutingConfig;
import dev.troupe.routing.RoutingServer;
import dev.troupe.routing.proto.RouterClient;
import dev.troupe.routing.route.Router;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** A router node with a small real tokenizer; replicas are added by the test. */
public final class TestNode implements AutoCloseable {
    public static final String MODEL = "tiny";
    public static final String VERSION = "step-00000042";
    public static final int CONTEXT = 64;
    private static final String BASE = """
            akka.actor.provider = local
            akka.coordinated-shutdown.exit-jvm = off
            akka.coordinated-shutdown.phases.service-requests-done.timeout = 30 s
            akka.loglevel = WARNING
            troupe.routing.http.port = 0
            troupe.routing.grpc.port = 0
            """;

    private final ActorTestKit kit;
    private final Tokenizer tokenizer;
    private final Bindings bindings;

    private TestNode(String config) throws Exception {
        kit = ActorTestKit.create(
                "node",
                ConfigFactory.parseString(config)
                        .withFallback(ConfigFactory.parseString(BASE))
                        .withFallback(ConfigFactory.load()));
        tokenizer = BpeTrainer.train(
                List.of("the actors play, the stage is set; hello hello world, the word of the day"),
                290,
                List.of(BpeTrainer.END_OF_TEXT),
                1);
        try {
            bindings = get(RoutingServer.start(
                    kit.system(), RoutingConfig.from(kit.system().settings().config())));
        } catch (Exception e) {
            kit.shutdownTestKit();
            throw e;
        }
    }

    /** A node; {@code config} overrides the defaults. */
    public static TestNode start(String config) throws Exception {
        return new TestNode(config);
    }

    public static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    public ActorTestKit kit() {
        return kit;
    }

    public ActorSystem<?> system() {
        return kit.system();
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    public Bindings bindings() {
        return bindings;
    }

    /** How gRPC clients reach it. */
    public GrpcClientSettings grpcSettings() {
        return GrpcClientSettings.connectToServiceAt("127.0.0.1", bindings.grpcPort(), system())
                .withTls(false);
    }

    /** A gRPC client, which ends with the node. */
    public RouterClient grpcClient() {
        return RouterClient.create(grpcSettings(), system());
    }

    public ModelDescription model(String id, String version) {
        return new ModelDescription(
                id, version, CONTEXT, tokenizer.vocabSize(), ServedTokenizer.of(tokenizer), "plain", 1_760_000_000L);
    }

    /** A replica of the model "tiny" that is known to the router when this returns. */
    public FakeReplica replica() throws Exception {
        var replica = new FakeReplica(model(MODEL, VERSION));
        add(replica);
        return replica;
    }

    /** The same with a template of its own and a context of 2,000 tokens, which texts of tools need. */
    public FakeReplica replica(TemplateTexts templates) throws Exception {
        ModelDescription plain = model(MODEL, VERSION);
        var replica = new FakeReplica(new ModelDescription(
                plain.modelId(),
                plain.version(),
                2000,
                plain.vocabSize(),
                plain.tokenizer(),
                "model",
                plain.createdEpochSeconds(),
                templates,
                plain.sampling(),
                plain.arithmetic()));
        add(replica);
        return replica;
    }

    /** The same, whose makers recommend how to sample from it. */
    public FakeReplica replica(SamplingDefaults sampling) throws Exception {
        ModelDescription plain = model(MODEL, VERSION);
        var replica = new FakeReplica(new ModelDescription(
                plain.modelId(),
                plain.version(),
                CONTEXT,
                plain.vocabSize(),
                plain.tokenizer(),
                plain.chatTemplate(),
                plain.createdEpochSeconds(),
                TemplateTexts.NONE,
                sampling,
                plain.arithmetic()));
        add(replica);
        return replica;
    }

    public ActorRef<ReplicaProtocol.Command> add(FakeReplica replica) throws Exception {
        int before = numReplicas();
        var ref = kit.spawn(replica.behavior());
        await("replica known", () -> numReplicas() > before);
        return ref;
    }

    public int numReplicas() {
        try {
            CompletionStage<Router.ServedModels> served =
                    AskPattern.ask(bindings.router(), Router.ListModels::new, Duration.ofSeconds(5), kit.scheduler());
            return get(served).models().stream()
                    .mapToInt(model -> model.numReplicas())
                    .sum();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /** Waits, up to ten seconds, until something holds. */
    public static void await(String what, BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("not within ten seconds: " + what);
            }
            Thread.sleep(2);
        }
    }

    @Override
    public void close() {
        kit.shutdownTestKit();
    }
}
