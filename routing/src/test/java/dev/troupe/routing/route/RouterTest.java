package dev.troupe.routing.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.Done;
import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.receptionist.Receptionist;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationEvent.FinishReason;
import dev.troupe.actors.serving.GenerationEvent.RejectReason;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.actors.serving.ReplicaProtocol;
import dev.troupe.actors.serving.SamplingParameters;
import dev.troupe.actors.serving.ServedTokenizer;
import dev.troupe.model.chat.TemplateTexts;
import dev.troupe.model.sampling.SamplingDefaults;
import dev.troupe.routing.RoutingConfig;
import dev.troupe.routing.route.RequestFailure.Kind;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The router with probes as replicas: every step of the protocol is the test's. */
class RouterTest {
    private static final ModelDescription MODEL =
            new ModelDescription("m", "v1", 100, 50, ServedTokenizer.parsed("{}"), "plain", 1);
    private static final GenerationRequest REQUEST = new GenerationRequest(
            "r1", List.of(7, 8), 5, List.of(0), new SamplingParameters(1, 0, 1, 0, 1, 0, 0, Map.of(), 42, -1), 0);

    private ActorTestKit kit;
    private final ServedNow served = new ServedNow();
    private ActorRef<Router.Command> router;
    private TestProbe<DispatchEvent> client;
    private CompletableFuture<Done> gone;

    private record Client(TestProbe<DispatchEvent> probe, CompletableFuture<Done> gone) implements DispatchClient {
        @Override
        public void tell(DispatchEvent event) {
            probe.getRef().tell(event);
        }
    }

    @BeforeEach
    void start() {
        kit = ActorTestKit.create("router", ConfigFactory.parseString("""
                akka.actor.provider = local
                akka.coordinated-shutdown.exit-jvm = off
                akka.loglevel = ERROR
                troupe.routing.maxInFlight = 2
                troupe.routing.failoverWait = 1 s
                troupe.routing.describeTimeout = 200 ms
                """).withFallback(ConfigFactory.load()));
        router = kit.spawn(
                Router.create(RoutingConfig.from(kit.system().settings().config()), served));
        client = kit.createTestProbe();
        gone = new CompletableFuture<>();
    }

    @AfterEach
    void stop() {
        kit.shutdownTestKit();
    }

    private TestProbe<ReplicaProtocol.Command> replica(ModelDescription model) {
        TestProbe<ReplicaProtocol.Command> probe = kit.createTestProbe();
        kit.system().receptionist().tell(Receptionist.register(ReplicaProtocol.SERVICE_KEY, probe.getRef()));
        var describe = probe.expectMessageClass(ReplicaProtocol.Describe.class);
        int before = numReplicas(model);
        describe.replyTo().tell(new ReplicaProtocol.Description(model, 0, 0));
        awaitReplicas(model, before + 1);
        return probe;
    }

    /** How many replicas of the model the router knows, while it is the newest version. */
    private int numReplicas(ModelDescription model) {
        TestProbe<Router.ServedModels> models = kit.createTestProbe();
        router.tell(new Router.ListModels(models.getRef()));
        return models.receiveMessage().models().stream()
                .filter(served -> served.description().equals(model))
                .mapToInt(ServedModel::numReplicas)
                .sum();
    }

    private void awaitReplicas(ModelDescription model, int number) {
        client.awaitAssert(() -> {
            assertThat(numReplicas(model)).isEqualTo(number);
            return null;
        });
    }

    private void generate(Duration deadline) {
        router.tell(new Router.Generate(ModelKey.of(MODEL), REQUEST, deadline, new Client(client, gone)));
    }

    private static ReplicaProtocol.Submit submitted(TestProbe<ReplicaProtocol.Command> replica) {
        return replica.expectMessageClass(ReplicaProtocol.Submit.class);
    }

    private static void token(ReplicaProtocol.Submit to, int index, int token) {
        to.replyTo().tell(new GenerationEvent.TokenGenerated(to.request().requestId(), index, token, -1, List.of()));
    }

    private void expectTokens(int... tokens) {
        for (int token : tokens) {
            assertThat(client.expectMessageClass(DispatchEvent.Token.class).token())
                    .isEqualTo(token);
        }
    }

    private RequestFailure expectFailure(Kind kind) {
        var failure = client.expectMessageClass(DispatchEvent.Failed.class).failure();
        assertThat(failure.kind()).isEqualTo(kind);
        return failure;
    }

    @Test
    void anotherReplicaContinuesFromTheLastTokenWhenOneDies() {
        var first = replica(MODEL);
        generate(Duration.ofSeconds(20));
        var submit = submitted(first);
        assertThat(submit.request()).isEqualTo(REQUEST);
        token(submit, 0, 11);
        token(submit, 1, 12);
        expectTokens(11, 12);
        first.stop();
        awaitReplicas(MODEL, 0);

        var second = replica(MODEL);
        var again = submitted(second).request();
        assertThat(again.promptTokens()).containsExactly(7, 8, 11, 12);
        assertThat(again.firstIndex()).isEqualTo(2);
        assertThat(again.maxTokens()).isEqualTo(3);
        assertThat(again.sampling()).isEqualTo(REQUEST.sampling());
        assertThat(again.requestId()).startsWith("r1").isNotEqualTo("r1");
    }

    @Test
    void eventsOfAReplicaThatWasGivenUpDontCount() {
        var first = replica(MODEL);
        var second = replica(MODEL);
        generate(Duration.ofSeconds(20));
        var submit = submitted(first);
        token(submit, 0, 11);
        expectTokens(11);
        submit.replyTo().tell(new GenerationEvent.Finished("r1", FinishReason.CANCELLED, 2, 1));
        var again = submitted(second);
        token(submit, 1, 99);
        token(again, 1, 12);
        again.replyTo().tell(new GenerationEvent.Finished(again.request().requestId(), FinishReason.STOP, 3, 1));
        expectTokens(12);
        client.expectMessageClass(DispatchEvent.Stopped.class);
    }

    @Test
    void onlyTheSameWeightsMayContinue() {
        var first = replica(MODEL);
        generate(Duration.ofSeconds(20));
        token(submitted(first), 0, 11);
        expectTokens(11);
        var other = replica(new ModelDescription("m", "v2", 100, 50, ServedTokenizer.parsed("{}"), "plain", 2));
        first.stop();
        expectFailure(Kind.UNAVAILABLE);
        other.expectNoMessage(Duration.ofMillis(100));
    }

    private static ModelDescription inInt8(int contextLength) {
        return new ModelDescription(
                "m",
                "v1",
                contextLength,
                50,
                ServedTokenizer.parsed("{}"),
                "plain",
                1,
                TemplateTexts.NONE,
                SamplingDefaults.NONE,
                "int8");
    }

    /** The same weights give other bits in another arithmetic: an answer that has begun must not go on there. */
    @Test
    void onlyTheSameArithmeticMayContinue() {
        var first = replica(MODEL);
        var rounded = replica(inInt8(100));
        var longer = replica(inInt8(101));
        generate(Duration.ofSeconds(20));
        token(submitted(first), 0, 11);
        expectTokens(11);
        first.stop();
        expectFailure(Kind.UNAVAILABLE);
        rounded.expectNoMessage(Duration.ofMillis(100));
        longer.expectNoMessage(Duration.ofMillis(100));
    }

    @Test
    void aFullReplicaIsPassedOver() {
        var first = replica(MODEL);
        var second = replica(MODEL);
        generate(Duration.ofSeconds(20));
        var submit = submitted(first);
        submit.replyTo().tell(new GenerationEvent.Rejected("r1", RejectReason.QUEUE_FULL, "full"));
        var again = submitted(second);
        again.replyTo()
                .tell(new GenerationEvent.Rejected(again.request().requestId(), RejectReason.QUEUE_FULL, "full"));
        expectFailure(Kind.OVERLOADED);
    }

    @Test
    void theLeastLoadedReplicaIsTaken() {
        var first = replica(MODEL);
        var second = replica(MODEL);
        generate(Duration.ofSeconds(20));
        generate(Duration.ofSeconds(20));
        submitted(first);
        submitted(second);
        // The third is one too many for this node.
        generate(Duration.ofSeconds(20));
        expectFailure(Kind.OVERLOADED);
    }

    @Test
    void aDrainingReplicaFinishesWhatItHas() {
        var first = replica(MODEL);
        generate(Duration.ofSeconds(20));
        var submit = submitted(first);
        kit.system().receptionist().tell(Receptionist.deregister(ReplicaProtocol.SERVICE_KEY, first.getRef()));
        awaitReplicas(MODEL, 0);
        var second = replica(MODEL);
        generate(Duration.ofSeconds(20));
        submitted(second);
        token(submit, 0, 11);
        submit.replyTo().tell(new GenerationEvent.Finished("r1", FinishReason.LENGTH, 2, 1));
        expectTokens(11);
        client.expectMessageClass(DispatchEvent.LengthReached.class);
        first.expectNoMessage(Duration.ofMillis(100));
    }

    @Test
    void aRequestWhoseStepsKeepFailingIsGivenUpAndSaysWhy() {
        var first = replica(MODEL);
        generate(Duration.ofSeconds(20));
        for (int attempt = 1; attempt <= 6; attempt++) {
            var submit = submitted(first);
            var id = submit.request().requestId();
            submit.replyTo()
                    .tell(new GenerationEvent.Rejected(id, RejectReason.STEP_FAILED, "the model failed " + attempt));
            first.expectMessageClass(ReplicaProtocol.Cancel.class);
        }
        assertThat(expectFailure(Kind.INTERNAL).text()).contains("the model failed 6");
        first.expectNoMessage(Duration.ofMillis(400));
    }

    @Test
    void theReplicaIsToldWhenTheClientIsGoneAndWhenTimeIsOver() {
        var first = replica(MODEL);
        generate(Duration.ofSeconds(20));
        submitted(first);
        gone.complete(Done.getInstance());
        assertThat(first.expectMessageClass(ReplicaProtocol.Cancel.class).requestId())
                .isEqualTo("r1");

        gone = new CompletableFuture<>();
        generate(Duration.ofMillis(200));
        submitted(first);
        expectFailure(Kind.DEADLINE);
        first.expectMessageClass(ReplicaProtocol.Cancel.class);
    }

    @Test
    void aSilentReplicaIsAskedAgainWhatItServes() {
        TestProbe<ReplicaProtocol.Command> probe = kit.createTestProbe();
        kit.system().receptionist().tell(Receptionist.register(ReplicaProtocol.SERVICE_KEY, probe.getRef()));
        probe.expectMessageClass(ReplicaProtocol.Describe.class);
        probe.expectMessageClass(ReplicaProtocol.Describe.class)
                .replyTo()
                .tell(new ReplicaProtocol.Description(MODEL, 0, 0));
        generate(Duration.ofSeconds(20));
        submitted(probe);
    }

    @Test
    void theNewestVersionOfAModelIsListed() {
        replica(MODEL);
        replica(new ModelDescription("m", "v2", 100, 50, ServedTokenizer.parsed("{}"), "plain", 2));
        replica(new ModelDescription("n", "v1", 100, 50, ServedTokenizer.parsed("{}"), "plain", 1));
        TestProbe<Router.ServedModels> models = kit.createTestProbe();
        models.awaitAssert(() -> {
            router.tell(new Router.ListModels(models.getRef()));
            assertThat(models.receiveMessage().models())
                    .extracting(model ->
                            model.description().modelId() + model.description().version())
                    .containsExactly("mv2", "nv1");
            return null;
        });
        assertThat(served.resolve("m").description().version()).isEqualTo("v2");
        assertThatThrownBy(() -> served.resolve(""))
                .isInstanceOf(RequestFailure.class)
                .hasMessageContaining("m, n");
        assertThatThrownBy(() -> served.resolve("o"))
                .hasMessageContaining("'o'")
                .hasMessageContaining("m, n");
    }

    @Test
    void aRouterThatFailsBeginsAnewAndAnswersGoOn() {
        var replica = replica(MODEL);
        generate(Duration.ofSeconds(20));
        var submit = submitted(replica);
        generate(Duration.ofSeconds(20));
        submitted(replica);
        router.tell(new Router.Generate(
                ModelKey.of(MODEL),
                REQUEST,
                Duration.ofSeconds(20),
                new DispatchClient() { // one too many
                    @Override
                    public void tell(DispatchEvent event) {
                        throw new IllegalStateException("a client that cannot be told");
                    }

                    @Override
                    public CompletionStage<Done> gone() {
                        return gone;
                    }
                }));
        replica.expectMessageClass(ReplicaProtocol.Describe.class)
                .replyTo()
                .tell(new ReplicaProtocol.Description(MODEL, 2, 0));
        awaitReplicas(MODEL, 1);
        assertThat(served.resolve("").numReplicas()).isEqualTo(1);
        token(submit, 0, 5);
        expectTokens(5);
        generate(Duration.ofSeconds(20));
        submitted(replica);
    }

    @Test
    void aClientHearsOfASequenceThatFails() {
        var replica = replica(MODEL);
        DispatchClient failing = new DispatchClient() {
            @Override
            public void tell(DispatchEvent event) {
                if (event instanceof DispatchEvent.Token) {
                    throw new IllegalStateException("a test says so");
                }
                client.getRef().tell(event);
            }

            @Override
            public CompletionStage<Done> gone() {
                return gone;
            }
        };
        router.tell(new Router.Generate(ModelKey.of(MODEL), REQUEST, Duration.ofSeconds(20), failing));
        token(submitted(replica), 0, 5);
        assertThat(expectFailure(Kind.INTERNAL).text()).doesNotContain("a test says so");
        generate(Duration.ofSeconds(20)); // the router goes on
        token(submitted(replica), 0, 5);
        expectTokens(5);
    }

    @Test
    void drainingWaitsForTheLastAnswer() {
        var first = replica(MODEL);
        generate(Duration.ofSeconds(20));
        var submit = submitted(first);
        TestProbe<Router.Drained> drained = kit.createTestProbe();
        router.tell(new Router.Drain(drained.getRef()));
        generate(Duration.ofSeconds(20));
        expectFailure(Kind.UNAVAILABLE);
        assertThatThrownBy(() -> served.resolve("")).hasMessageContaining("shutting down");
        drained.expectNoMessage(Duration.ofMillis(100));
        submit.replyTo().tell(new GenerationEvent.Finished("r1", FinishReason.STOP, 2, 0));
        client.expectMessageClass(DispatchEvent.Stopped.class);
        drained.expectMessageClass(Router.Drained.class);
    }
}
