package dev.troupe.actors.serving.replica;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationEvent.Begun;
import dev.troupe.actors.serving.GenerationEvent.TokenGenerated;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.ReplicaProtocol.Cancel;
import dev.troupe.actors.serving.ReplicaProtocol.Command;
import dev.troupe.actors.serving.ReplicaProtocol.Describe;
import dev.troupe.actors.serving.ReplicaProtocol.Description;
import dev.troupe.actors.serving.ReplicaProtocol.Submit;
import dev.troupe.actors.serving.Requests;
import dev.troupe.actors.serving.SamplingParameters;
import dev.troupe.actors.serving.engine.EngineSettings;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.attention.KvBlocks;
import dev.troupe.model.kernel.onednn.OneDnnKernelProvider;
import dev.troupe.model.tensor.NativeMemory;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.transformer.Decode;
import dev.troupe.model.transformer.InferenceSettings;
import dev.troupe.model.transformer.Prefill;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** An answer depends on weights, prompt, parameters and seed: not on who else is served, nor on the batch's shape. */
class BatchInvarianceTest {
    private static final ActorTestKit KIT = ActorTestKit.create();
    private static final long SEED = 77;
    /** Each is served among sixteen others. */
    private static final int NUM_REQUESTS = 17;

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @AfterAll
    static void stop() {
        KIT.shutdownTestKit();
    }

    private static List<GenerationRequest> requests() {
        Random random = new Random(SEED);
        List<GenerationRequest> requests = new ArrayList<>();
        for (int i = 0; i < NUM_REQUESTS; i++) {
            List<Integer> prompt = random.ints(1 + random.nextInt(40), 0, TinyModel.CONFIG.vocabSize())
                    .boxed()
                    .toList();
            SamplingParameters sampling = i % 4 == 0
                    ? new SamplingParameters(0, 0, 1, 0, 1.2, 0.1, 0.1, Map.of(4, -2.0), 0, 2)
                    : new SamplingParameters(0.5 + 0.1 * i, i, 0.95, 0.01, 1, 0, 0, Map.of(), 1000L + i, 3);
            requests.add(new GenerationRequest("r" + i, prompt, 8 + i, List.of(11), sampling, 0));
        }
        return requests;
    }

    /** Prompts that begin alike, some of them to their end; greedy answers, which repeat themselves, among them. */
    private static List<GenerationRequest> similarRequests() {
        List<Integer> common = new Random(SEED)
                .ints(40, 0, TinyModel.CONFIG.vocabSize())
                .boxed()
                .toList();
        List<GenerationRequest> requests = new ArrayList<>();
        for (GenerationRequest request : requests()) {
            int i = requests.size();
            List<Integer> prompt = new ArrayList<>(common.subList(0, new int[] {40, 33, 32, 17}[i % 4]));
            prompt.addAll(request.promptTokens()
                    .subList(0, Math.min(i % 3, request.promptTokens().size())));
            SamplingParameters sampling = i % 3 == 0 ? Requests.sampling(0, 0, 3) : request.sampling();
            requests.add(new GenerationRequest(request.requestId(), prompt, 20, request.stopTokens(), sampling, 0));
        }
        return requests;
    }

    private static ActorRef<Command> serve(EngineSettings engine) {
        return serve(engine, ReuseSettings.NONE);
    }

    private static ActorRef<Command> serve(EngineSettings engine, ReuseSettings reuse) {
        return serve(TinyModel.config(Objects.requireNonNull(engine.inference().weights())), engine, reuse);
    }

    private static ActorRef<Command> serve(ModelConfig model, EngineSettings engine, ReuseSettings reuse) {
        ReplicaSettings settings = new ReplicaSettings(
                "tiny", "plain", engine, reuse, 64, 3, Duration.ofMillis(20), Duration.ofMillis(100));
        ActorRef<Command> replica = KIT.spawn(ModelReplica.create(settings, () -> TinyModel.load(model, engine)));
        TestProbe<Description> probe = KIT.createTestProbe(Description.class);
        replica.tell(new Describe(probe.getRef()));
        probe.receiveMessage(PATIENCE);
        return replica;
    }

    private static List<GenerationEvent> answer(TestProbe<GenerationEvent> client) {
        List<GenerationEvent> events = new ArrayList<>();
        do {
            GenerationEvent event = client.receiveMessage(PATIENCE);
            if (!(event instanceof Begun)) { // depends on who else is served, unlike the answer
                events.add(event);
            }
        } while (events.isEmpty() || events.getLast() instanceof TokenGenerated);
        return events;
    }

    /** One after the other, one at a time. */
    private static List<List<GenerationEvent>> alone(EngineSettings settings, List<GenerationRequest> requests) {
        return alone(serve(settings), requests);
    }

    private static List<List<GenerationEvent>> alone(ActorRef<Command> replica, List<GenerationRequest> requests) {
        List<List<GenerationEvent>> answers = new ArrayList<>();
        for (GenerationRequest request : requests) {
            TestProbe<GenerationEvent> client = KIT.createTestProbe(GenerationEvent.class);
            replica.tell(new Submit(request, client.getRef()));
            answers.add(answer(client));
        }
        KIT.stop(replica);
        return answers;
    }

    /**
     * All at once. With little room in the cache some are preempted and computed again; with a small budget, prompts
     * are cut into chunks.
     */
    @ParameterizedTest
    @CsvSource({
        "scalar,FP32,1,64,17,1048576",
        "auto,FP32,1,64,17,1048576",
        "auto,FP32,2,17,17,1048576",
        "auto,FP32,2,23,7,70000",
        "auto,BF16,1,64,17,1048576",
        "auto,BF16,2,23,7,70000"
    })
    void amongSixteenOthersEachAnswersAsAlone(
            String backend, Precision precision, int threads, int maxBatchTokens, int maxRunning, long kvBytes) {
        assertSameAnswers(
                new EngineSettings(backend, precision, 1, 64, 1, 1 << 20),
                new EngineSettings(backend, precision, threads, maxBatchTokens, maxRunning, kvBytes));
    }

    /** The same with rounded weights, and with prompts and answers that go through different kernels. */
    @ParameterizedTest
    @CsvSource({
        "BF16,EXACT,EXACT",
        "Q8_0,EXACT,EXACT",
        "Q4_0,EXACT,EXACT",
        "Q4_K,EXACT,EXACT",
        "Q6_K,EXACT,EXACT",
        "Q8_0,AUTO,BLOCKS",
        "Q4_0,AUTO,BLOCKS",
        "Q4_K,AUTO,BLOCKS",
        "Q6_K,AUTO,BLOCKS",
        "F32,BF16,EXACT",
        "Q8_0,BF16,EXACT",
        "F32,INT8,EXACT",
        "Q4_0,INT8,EXACT",
        "Q8_0,INT8,INT8",
        "Q4_0,INT8,INT8",
        "Q4_K,INT8,INT8",
        "Q4_K,INT8_COPY,INT8"
    })
    void roundedWeightsAndPromptsAnswerAsEachAlone(StorageType weights, Prefill prefill, Decode decode) {
        assumeTrue(prefill != Prefill.BF16
                || new OneDnnKernelProvider().unavailable().isEmpty());
        InferenceSettings settings = new InferenceSettings(weights, prefill, decode);
        assertRoundingShows(settings);
        assertSameAnswers(
                new EngineSettings("auto", Precision.FP32, settings, 1, 64, 1, 1 << 20),
                new EngineSettings("auto", Precision.FP32, settings, 2, 23, 7, 70_000));
    }

    /** The same model with weights in other types, such as that of matrices which fit no block, answers otherwise. */
    private static void assertRoundingShows(InferenceSettings settings) {
        StorageType weights = Objects.requireNonNull(settings.weights());
        List<GenerationRequest> requests = requests().subList(0, 4);
        Map<StorageType, List<List<GenerationEvent>>> answers = new EnumMap<>(StorageType.class);
        Set<StorageType> types = EnumSet.of(weights, StorageType.F32, StorageType.BF16);
        if (weights.blockElements() > 1) {
            types.add(StorageType.Q8_0);
        }
        for (StorageType type : types) {
            InferenceSettings inference = new InferenceSettings(type, settings.prefill(), settings.decode());
            EngineSettings engine = new EngineSettings("auto", Precision.FP32, inference, 1, 64, 1, 1 << 20);
            answers.put(type, alone(serve(TinyModel.config(weights), engine, ReuseSettings.NONE), requests));
        }
        List<List<GenerationEvent>> asked = answers.remove(weights);
        answers.forEach((type, others) ->
                assertThat(others).as("%s is not %s", weights, type).isNotEqualTo(asked));
    }

    /**
     * Requests that share prefixes, twice, so that the second time everything is found that there was room for; and
     * answers that are guessed ahead.
     */
    @ParameterizedTest
    @CsvSource({
        "F32,EXACT,EXACT,true,0,70000",
        "F32,EXACT,EXACT,true,0,1048576",
        "F32,EXACT,EXACT,false,6,70000",
        "F32,EXACT,EXACT,true,6,70000",
        "F32,EXACT,EXACT,true,6,1048576",
        "F32,BF16,EXACT,true,6,1048576",
        "Q8_0,EXACT,EXACT,true,6,70000",
        "Q4_0,EXACT,EXACT,true,6,70000",
        "Q4_K,EXACT,EXACT,true,6,70000",
        "Q8_0,AUTO,BLOCKS,true,6,70000",
        "Q8_0,AUTO,BLOCKS,true,6,1048576",
        "Q4_K,AUTO,BLOCKS,true,6,70000",
        "Q6_K,AUTO,BLOCKS,true,6,70000",
        "Q8_0,INT8,EXACT,true,6,70000",
        "Q8_0,INT8,EXACT,true,6,1048576",
        "Q8_0,INT8,INT8,true,6,70000",
        "Q4_0,INT8,INT8,true,6,1048576",
        "Q4_K,INT8,INT8,true,6,70000",
        "Q4_K,INT8_COPY,INT8,true,6,70000"
    })
    void sharedPrefixesAndGuessesAnswerAsEachAlone(
            StorageType weights, Prefill prefill, Decode decode, boolean prefixCache, int maxDraft, long kvBytes) {
        assumeTrue(prefill != Prefill.BF16
                || new OneDnnKernelProvider().unavailable().isEmpty());
        InferenceSettings inference = new InferenceSettings(weights, prefill, decode);
        List<GenerationRequest> requests = similarRequests();
        List<List<GenerationEvent>> alone =
                alone(new EngineSettings("auto", Precision.FP32, inference, 1, 64, 1, 1 << 20), requests);
        EngineSettings together = new EngineSettings("auto", Precision.FP32, inference, 2, 40, 7, kvBytes);
        ActorRef<Command> replica = serve(together, new ReuseSettings(prefixCache, maxDraft));
        assertAnswers(replica, requests, alone);
        assertAnswers(replica, requests, alone);
        KIT.stop(replica);
    }

    /** The same with keys and values in fewer bits: what a token sees is rounded whenever it is kept. */
    @ParameterizedTest
    @EnumSource(
            value = StorageType.class,
            names = {"BF16", "F16", "Q8_0"})
    void roundedKeysAndValuesAnswerAsEachAlone(StorageType cache) {
        InferenceSettings inference = new InferenceSettings(StorageType.F32, Prefill.EXACT, Decode.EXACT, cache);
        long scarce = 70_000 * blockBytes(cache) / blockBytes(StorageType.F32);
        List<GenerationRequest> requests = similarRequests();
        List<List<GenerationEvent>> alone =
                alone(new EngineSettings("auto", Precision.FP32, inference, 1, 64, 1, 1 << 20), requests);
        assertThat(alone)
                .as("rounding shows")
                .isNotEqualTo(alone(new EngineSettings("auto", Precision.FP32, 1, 64, 1, 1 << 20), requests));
        for (long bytes : new long[] {scarce, 1 << 20}) {
            EngineSettings together = new EngineSettings("auto", Precision.FP32, inference, 2, 23, 7, bytes);
            ActorRef<Command> replica = serve(together, new ReuseSettings(true, 6));
            assertAnswers(replica, requests, alone);
            assertAnswers(replica, requests, alone);
            KIT.stop(replica);
        }
    }

    private static long blockBytes(StorageType type) {
        return KvBlocks.blockBytes(TinyModel.CONFIG.numKvHeads(), TinyModel.CONFIG.headDim(), type);
    }

    private static void assertSameAnswers(EngineSettings oneByOne, EngineSettings together) {
        List<GenerationRequest> requests = requests();
        ActorRef<Command> replica = serve(together);
        assertAnswers(replica, requests, alone(oneByOne, requests));
        KIT.stop(replica);
    }

    private static void assertAnswers(
            ActorRef<Command> replica, List<GenerationRequest> requests, List<List<GenerationEvent>> alone) {
        List<TestProbe<GenerationEvent>> clients = new ArrayList<>();
        for (GenerationRequest request : requests) {
            TestProbe<GenerationEvent> client = KIT.createTestProbe(GenerationEvent.class);
            replica.tell(new Submit(request, client.getRef()));
            clients.add(client);
        }
        int numTokens = 0;
        for (int i = 0; i < clients.size(); i++) {
            // Records of doubles are equal when their bits are: tokens, log-probabilities and alternatives.
            assertThat(answer(clients.get(i)))
                    .as("request %d of seed %d", i, SEED)
                    .isEqualTo(alone.get(i));
            numTokens += alone.get(i).size() - 1;
        }
        assertThat(numTokens).isGreaterThan(100);
        assertThat(alone.stream()
                        .flatMap(List::stream)
                        .filter(TokenGenerated.class::isInstance)
                        .map(event -> ((TokenGenerated) event).token())
                        .distinct()
                        .count())
                .as("the model is not trivial")
                .isGreaterThan(20);
    }

    /**
     * Half an answer, continued on another replica, equals the whole one: its tokens are not a prompt's, which may be
     * computed otherwise. Nor are they what the cache holds of such a prompt.
     */
    @ParameterizedTest
    @CsvSource({
        "F32,EXACT,EXACT,false",
        "Q8_0,AUTO,BLOCKS,true",
        "Q4_0,AUTO,BLOCKS,false",
        "F32,INT8,EXACT,false",
        "F32,BF16,EXACT,false",
        "Q8_0,INT8,EXACT,true",
        "Q4_0,INT8_COPY,INT8,true"
    })
    void aContinuedAnswerEqualsTheUndisturbedOne(
            StorageType weights, Prefill prefill, Decode decode, boolean prefixCache) {
        assumeTrue(prefill != Prefill.BF16
                || new OneDnnKernelProvider().unavailable().isEmpty());
        InferenceSettings inference = new InferenceSettings(weights, prefill, decode);
        EngineSettings settings = new EngineSettings("auto", Precision.FP32, inference, 1, 64, 4, 1 << 20);
        ActorRef<Command> first = serve(settings);
        ActorRef<Command> other = serve(settings, new ReuseSettings(prefixCache, 0));
        for (GenerationRequest request : requests().subList(4, 12)) {
            List<TokenGenerated> whole = tokens(first, request);
            int cut = whole.size() / 2;
            List<Integer> known = new ArrayList<>(request.promptTokens());
            whole.subList(0, cut).forEach(token -> known.add(token.token()));
            List<TokenGenerated> rest = whole.subList(cut, whole.size());
            List<TokenGenerated> asPrompt = tokens(other, continued(request, known, cut, 0));
            assertThat(tokens(other, continued(request, known, cut, cut))).isEqualTo(rest);
            if (inference.promptsApart() && cut > 0) {
                assertThat(logProbs(asPrompt)).as("the difference shows").isNotEqualTo(logProbs(rest));
            }
        }
        KIT.stop(first);
        KIT.stop(other);
    }

    private static GenerationRequest continued(
            GenerationRequest request, List<Integer> known, int numGenerated, int firstIndex) {
        return new GenerationRequest(
                request.requestId(),
                known,
                request.maxTokens() - numGenerated,
                request.stopTokens(),
                request.sampling(),
                firstIndex);
    }

    private static List<TokenGenerated> tokens(ActorRef<Command> replica, GenerationRequest request) {
        TestProbe<GenerationEvent> client = KIT.createTestProbe(GenerationEvent.class);
        replica.tell(new Submit(request, client.getRef()));
        return answer(client).stream()
                .filter(TokenGenerated.class::isInstance)
                .map(TokenGenerated.class::cast)
                .toList();
    }

    private static List<Double> logProbs(List<TokenGenerated> tokens) {
        return tokens.stream().map(TokenGenerated::logProb).toList();
    }

    @Test
    void nothingIsLeakedByRequestsCancelsAndStops() {
        // Replicas of other tests have been told to end, and may be about to.
        KIT.createTestProbe()
                .awaitAssert(
                        () -> assertThat(NativeMemory.bytes(TinyModel.OWNER)).isZero());
        long before = NativeMemory.snapshot().values().stream()
                .mapToLong(Long::longValue)
                .sum();
        for (int round = 0; round < 3; round++) {
            ActorRef<Command> replica = serve(new EngineSettings("auto", Precision.FP32, 2, 32, 8, 1 << 20));
            assertThat(NativeMemory.bytes(TinyModel.OWNER)).isPositive();
            long serving = NativeMemory.snapshot().values().stream()
                    .mapToLong(Long::longValue)
                    .sum();
            TestProbe<GenerationEvent> client = KIT.createTestProbe(GenerationEvent.class);
            for (GenerationRequest request : requests()) {
                replica.tell(new Submit(request, client.getRef()));
            }
            replica.tell(new Cancel("r3"));
            replica.tell(new Cancel("r15"));
            for (int i = 0; i < NUM_REQUESTS; i++) {
                answer(client);
            }
            assertThat(NativeMemory.snapshot().values().stream()
                            .mapToLong(Long::longValue)
                            .sum())
                    .isEqualTo(serving);
            KIT.stop(replica);
            client.awaitAssert(() -> {
                assertThat(NativeMemory.snapshot().values().stream()
                                .mapToLong(Long::longValue)
                                .sum())
                        .isEqualTo(before);
                return true;
            });
        }
    }
}
