package dev.troupe.actors.serving.replica;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.DispatcherSelector;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationEvent.Begun;
import dev.troupe.actors.serving.GenerationEvent.Failed;
import dev.troupe.actors.serving.GenerationEvent.FinishReason;
import dev.troupe.actors.serving.GenerationEvent.Finished;
import dev.troupe.actors.serving.GenerationEvent.RejectReason;
import dev.troupe.actors.serving.GenerationEvent.Rejected;
import dev.troupe.actors.serving.GenerationEvent.TokenGenerated;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.ReplicaProtocol.Cancel;
import dev.troupe.actors.serving.ReplicaProtocol.Command;
import dev.troupe.actors.serving.ReplicaProtocol.Describe;
import dev.troupe.actors.serving.ReplicaProtocol.Description;
import dev.troupe.actors.serving.ReplicaProtocol.Drain;
import dev.troupe.actors.serving.ReplicaProtocol.Drained;
import dev.troupe.actors.serving.ReplicaProtocol.Submit;
import dev.troupe.actors.serving.SamplingParameters;
import dev.troupe.actors.serving.engine.EngineSettings;
import dev.troupe.model.grammar.AnswerForm;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.tokenizer.CharTokenizer;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.tokenizer.TokenizerJson;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Answers that are held to a schema, by a model of random weights over characters, without a token for the end. */
class ConstrainedAnswerTest {
    private static final ActorTestKit KIT = ActorTestKit.create();
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final JsonMapper JSON = new JsonMapper();
    private static final long SEED = 5;

    /** ASCII: printable characters, tab and line break. */
    private static final Tokenizer TOKENIZER = CharTokenizer.train("\t\n"
            + IntStream.rangeClosed(' ', '~').mapToObj(Character::toString).collect(Collectors.joining()));

    private static final List<String> SCHEMAS = List.of("""
            {"properties": {"kind": {"enum": ["cat", "car"]}, "n": {"type": "integer"}}, "required": ["kind"]}""", """
            {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 3}""", """
            {"type": "string", "pattern": "^[a-f]{3,5}$"}""", """
            {"type": "number"}""");

    @AfterAll
    static void stop() {
        KIT.shutdownTestKit();
    }

    private static List<GenerationRequest> requests() {
        Random random = new Random(SEED);
        List<GenerationRequest> requests = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            List<Integer> prompt =
                    random.ints(4, 0, TinyModel.CONFIG.vocabSize()).boxed().toList();
            String schema = SCHEMAS.get(i % SCHEMAS.size());
            SamplingParameters sampling = new SamplingParameters(
                    i < 4 ? 0 : 1, 0, 1, 0, 1.1, 0, 0, Map.of(), SEED + i, 2, List.of(AnswerForm.json(schema)));
            requests.add(new GenerationRequest("r" + i, prompt, 50, List.of(), sampling, 0));
        }
        return requests;
    }

    private static ActorRef<Command> serve(int maxRunning, long kvBytes, ReuseSettings reuse) {
        return serve(maxRunning, kvBytes, reuse, 64);
    }

    private static ActorRef<Command> serve(int maxRunning, long kvBytes, ReuseSettings reuse, int maxQueued) {
        EngineSettings engine = new EngineSettings("auto", Precision.FP32, 1, 40, maxRunning, kvBytes);
        ReplicaSettings settings = new ReplicaSettings(
                "tiny", "plain", engine, reuse, maxQueued, 3, Duration.ofMillis(20), Duration.ofMillis(100));
        ActorRef<Command> replica =
                KIT.spawn(ModelReplica.create(settings, () -> TinyModel.load(engine, TokenizerJson.toWire(TOKENIZER))));
        TestProbe<Description> probe = KIT.createTestProbe(Description.class);
        replica.tell(new Describe(probe.getRef()));
        probe.receiveMessage(PATIENCE);
        return replica;
    }

    private static List<GenerationEvent> answer(TestProbe<GenerationEvent> client) {
        List<GenerationEvent> events = new ArrayList<>();
        do {
            GenerationEvent event = client.receiveMessage(PATIENCE);
            if (!(event instanceof Begun)) {
                events.add(event);
            }
        } while (events.isEmpty() || events.getLast() instanceof TokenGenerated);
        return events;
    }

    private static List<GenerationEvent> answer(ActorRef<Command> replica, GenerationRequest request) {
        TestProbe<GenerationEvent> client = KIT.createTestProbe(GenerationEvent.class);
        replica.tell(new Submit(request, client.getRef()));
        return answer(client);
    }

    private static String text(List<GenerationEvent> events) {
        return TOKENIZER.decode(events.stream()
                .filter(TokenGenerated.class::isInstance)
                .mapToInt(event -> ((TokenGenerated) event).token())
                .toArray());
    }

    @ParameterizedTest
    @CsvSource({"false,0,1048576", "true,6,1048576", "true,6,70000"})
    void answersAreValidAndThoseOfEachAlone(boolean prefixCache, int maxDraft, long kvBytes) throws Exception {
        ActorRef<Command> one = serve(1, 1 << 20, ReuseSettings.NONE);
        ActorRef<Command> many = serve(7, kvBytes, new ReuseSettings(prefixCache, maxDraft));
        List<TestProbe<GenerationEvent>> clients = new ArrayList<>();
        for (GenerationRequest request : requests()) {
            TestProbe<GenerationEvent> client = KIT.createTestProbe(GenerationEvent.class);
            many.tell(new Submit(request, client.getRef()));
            clients.add(client);
        }
        int numStopped = 0;
        for (int i = 0; i < clients.size(); i++) {
            List<GenerationEvent> alone = answer(one, requests().get(i));
            assertThat(answer(clients.get(i)))
                    .as("request %d of seed %d", i, SEED)
                    .isEqualTo(alone);
            Finished finished = (Finished) alone.getLast();
            if (finished.reason() == FinishReason.STOP) {
                numStopped++;
                JsonNode value = JSON.readTree(text(alone));
                switch (i % SCHEMAS.size()) {
                    case 0 -> assertThat(value.path("kind").asText()).isIn("cat", "car");
                    case 1 -> assertThat(value.size()).isBetween(2, 3);
                    case 2 -> assertThat(value.textValue()).matches("[a-f]{3,5}");
                    default -> assertThat(value.isNumber()).isTrue();
                }
            }
        }
        assertThat(numStopped).as("answers that came to their end").isGreaterThan(8);
        KIT.stop(one);
        KIT.stop(many);
    }

    @Test
    void anotherReplicaGoesOnFromAnyToken() {
        ActorRef<Command> replica = serve(4, 1 << 20, ReuseSettings.NONE);
        GenerationRequest request = requests().get(4);
        List<GenerationEvent> whole = answer(replica, request);
        for (int cut = 1; cut < whole.size() - 1; cut++) {
            List<Integer> known = new ArrayList<>(request.promptTokens());
            whole.subList(0, cut).forEach(event -> known.add(((TokenGenerated) event).token()));
            GenerationRequest rest = new GenerationRequest(
                    request.requestId(), known, request.maxTokens() - cut, List.of(), request.sampling(), cut);
            List<GenerationEvent> events = answer(replica, rest);
            assertThat(events.subList(0, events.size() - 1)).isEqualTo(whole.subList(cut, whole.size() - 1));
            assertThat(((Finished) events.getLast()).reason()).isEqualTo(((Finished) whole.getLast()).reason());
        }
        KIT.stop(replica);
    }

    private static GenerationRequest withSchema(String id, String schema, List<Integer> prompt, int firstIndex) {
        SamplingParameters sampling =
                new SamplingParameters(0, 0, 1, 0, 1, 0, 0, Map.of(), 0, -1, List.of(AnswerForm.json(schema)));
        return new GenerationRequest(id, prompt, 50, List.of(), sampling, firstIndex);
    }

    @Test
    void whatCannotBeAnsweredSaysWhy() {
        ActorRef<Command> replica = serve(4, 1 << 20, ReuseSettings.NONE);
        GenerationRequest unsupported = withSchema("a", "{\"type\": \"array\", \"uniqueItems\": true}", List.of(1), 0);
        assertThat(answer(replica, unsupported))
                .singleElement()
                .isInstanceOfSatisfying(
                        Failed.class, failed -> assertThat(failed.message()).contains("uniqueItems"));
        GenerationRequest spelled = withSchema("b", "{\"const\": \"\u00e9\"}", List.of(1), 0);
        assertThat(answer(replica, spelled))
                .singleElement()
                .isInstanceOfSatisfying(
                        Failed.class, failed -> assertThat(failed.message()).contains("spell"));
        GenerationRequest wrong =
                withSchema("c", "{\"const\": 12}", List.of(1, TOKENIZER.encode("x")[0]), 1);
        assertThat(answer(replica, wrong))
                .singleElement()
                .isInstanceOfSatisfying(
                        Failed.class, failed -> assertThat(failed.message()).contains("schema"));
        KIT.stop(replica);
    }

    /** What is compiled for nobody takes its place in the dispatcher's queue all the same. */
    @Test
    void schemasOfCancelledRequestsCountUntilTheyAreCompiled() {
        ActorRef<Command> replica = serve(4, 1 << 20, ReuseSettings.NONE, 1);
        Semaphore compute = new Semaphore(0);
        Executor threads =
                KIT.system().dispatchers().lookup(DispatcherSelector.fromConfig("troupe.dispatchers.compute"));
        int numThreads = KIT.system()
                .settings()
                .config()
                .getInt("troupe.dispatchers.compute.thread-pool-executor.fixed-pool-size");
        IntStream.range(0, numThreads).forEach(_ -> threads.execute(compute::acquireUninterruptibly));
        TestProbe<GenerationEvent> client = KIT.createTestProbe(GenerationEvent.class);
        replica.tell(new Submit(withSchema("gone", "{\"const\": [2, 1]}", List.of(1), 0), client.getRef()));
        replica.tell(new Cancel("gone"));
        assertThat(client.receiveMessage(PATIENCE)).isInstanceOf(Finished.class);
        GenerationRequest next = withSchema("next", "{\"const\": [2, 2]}", List.of(1), 0);
        assertThat(answer(replica, next))
                .singleElement()
                .isInstanceOfSatisfying(
                        Rejected.class,
                        rejected -> assertThat(rejected.reason()).isEqualTo(RejectReason.QUEUE_FULL));
        compute.release(numThreads);
        List<GenerationEvent> events = client.awaitAssert(PATIENCE, () -> {
            List<GenerationEvent> answered = answer(replica, next);
            assertThat(answered.getLast()).isInstanceOf(Finished.class);
            return answered;
        });
        assertThat(text(events).replaceAll("\\s", "")).isEqualTo("[2,2]");
        KIT.stop(replica);
    }

    @Test
    void aRequestThatWaitsForItsSchemaCanBeCancelledAndIsWaitedFor() {
        ActorRef<Command> replica = serve(4, 1 << 20, ReuseSettings.NONE);
        TestProbe<GenerationEvent> client = KIT.createTestProbe(GenerationEvent.class);
        replica.tell(new Submit(withSchema("gone", "{\"const\": [1, 2]}", List.of(1), 0), client.getRef()));
        replica.tell(new Cancel("gone"));
        assertThat(client.receiveMessage(PATIENCE))
                .isInstanceOfSatisfying(
                        Finished.class,
                        finished -> assertThat(finished.reason()).isEqualTo(FinishReason.CANCELLED));
        TestProbe<Drained> drained = KIT.createTestProbe(Drained.class);
        replica.tell(new Submit(withSchema("last", "{\"const\": [1, 3]}", List.of(1), 0), client.getRef()));
        replica.tell(new Drain(drained.getRef()));
        Drained end = drained.receiveMessage(PATIENCE);
        List<GenerationEvent> events = answer(client);
        assertThat(((Finished) events.getLast()).reason()).isEqualTo(FinishReason.STOP);
        assertThat(text(events).replaceAll("\\s", "")).isEqualTo("[1,3]");
        assertThat(end.finishedRequests())
                .isBetween(0, 1); // 0 where it had ended before this thread asked for the drain
    }
}
