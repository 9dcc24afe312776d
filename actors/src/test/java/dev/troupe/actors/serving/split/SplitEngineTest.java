package dev.troupe.actors.serving.split;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.actors.serving.GenerationEvent;
import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.PromptOutput;
import dev.troupe.actors.serving.Requests;
import dev.troupe.actors.serving.SamplingParameters;
import dev.troupe.actors.serving.batch.SchedulingLimits;
import dev.troupe.actors.serving.batch.SchedulingOptions;
import dev.troupe.actors.serving.batch.SchedulingPolicy;
import dev.troupe.actors.serving.engine.DirectoryLoader;
import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.actors.serving.engine.EngineLoop;
import dev.troupe.actors.serving.engine.EngineSettings;
import dev.troupe.actors.serving.engine.ModelLayout;
import dev.troupe.actors.serving.engine.SampledToken;
import dev.troupe.actors.serving.engine.ServingMemory;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.format.ModelConverter;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.parallel.ComputeThreads;
import dev.troupe.model.tensor.NativeMemory;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.transformer.Decode;
import dev.troupe.model.transformer.InferenceSettings;
import dev.troupe.model.transformer.Prefill;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A replica in parts, in one process, gives the tokens and the bits of log-probabilities of one in one piece. */
class SplitEngineTest {
    private static final long SEED = 71;
    private static final List<ReplicaShape> SHAPES = List.of(
            new ReplicaShape(2, 1, 1), new ReplicaShape(3, 1, 1), new ReplicaShape(1, 2, 1), new ReplicaShape(2, 2, 1));

    @TempDir
    private Path folder;

    @AfterEach
    void nothingIsLeaked() throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20); // an engine does not wait for its members' ends
        while (held() != 0 && System.nanoTime() < end) {
            Thread.sleep(5);
        }
        assertThat(held()).isZero();
    }

    private static long held() {
        return NativeMemory.bytes("inference") + NativeMemory.bytes("serving.plans") + NativeMemory.bytes("transport");
    }

    private static ModelLayout layout(ReplicaShape shape) {
        return shape.isSplit() ? SplitLayout.here(new SplitSettings(shape, Duration.ofSeconds(30))) : ModelLayout.WHOLE;
    }

    private static Engine load(Path model, ReplicaShape shape, InferenceSettings inference, Optional<Path> draft) {
        EngineSettings settings = new EngineSettings(
                "auto",
                Precision.FP32,
                inference,
                ComputeThreads.of(1),
                64,
                8,
                4 << 20,
                ServingMemory.OF_MACHINE,
                draft,
                Optional.empty());
        return new DirectoryLoader(settings, "m", "plain", model, layout(shape)).load();
    }

    private static Engine load(Path model, ReplicaShape shape, InferenceSettings inference) {
        return load(model, shape, inference, Optional.empty());
    }

    private static InferenceSettings weights(@Nullable StorageType type) {
        return new InferenceSettings(type, Prefill.EXACT, Decode.EXACT);
    }

    /** Greedy and sampled, some with penalties, choices of one prompt, prompts that are scored or embedded. */
    private static List<GenerationRequest> requests() {
        Random random = new Random(SEED);
        int vocabulary = SplitModels.TOKENIZER.vocabSize();
        List<Integer> common = random.ints(34, 0, vocabulary).boxed().toList();
        List<GenerationRequest> requests = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            List<Integer> prompt = new ArrayList<>(i % 3 == 0 ? common : List.of());
            random.ints(1 + random.nextInt(15), 0, vocabulary).forEach(prompt::add);
            SamplingParameters sampling = i % 4 == 0
                    ? new SamplingParameters(0.9, 0, 0.95, 0, 1.1, 0.3, 0.2, Map.of(3, 1.5), i, 2)
                    : Requests.sampling(i % 4 == 1 ? 0 : 1, i, 2);
            PromptOutput told = switch (i) {
                case 5, 6 -> PromptOutput.LOG_PROBS;
                case 7, 9 -> PromptOutput.EMBEDDING;
                default -> PromptOutput.NONE;
            };
            int tokens = told == PromptOutput.EMBEDDING ? 0 : 10 + i;
            requests.add(new GenerationRequest("r" + i, prompt, tokens, List.of(7), sampling, 0).telling(told));
        }
        for (int choice = 0; choice < 3; choice++) { // n = 3
            requests.add(new GenerationRequest(
                    "c" + choice, common, 9, List.of(), Requests.sampling(1, 100 + choice, 1), 0));
        }
        return requests;
    }

    private record Answers(Map<Long, List<SampledToken>> tokens, List<List<GenerationEvent>> prompts) {}

    private static Answers answers(Engine engine, SchedulingPolicy policy) {
        EngineLoop loop = new EngineLoop(policy, engine);
        List<Long> arrivals = requests().stream().map(loop::offer).toList();
        loop.run();
        assertThat(policy.numUsedBlocks()).isZero();
        return new Answers(
                loop.answers(), arrivals.stream().map(loop::promptEvents).toList());
    }

    private static SchedulingPolicy policy(int rows, int blocks, SchedulingOptions options) {
        return new SchedulingPolicy(new SchedulingLimits(rows, 8, 40, SplitModels.CONTEXT, blocks), options);
    }

    private static SchedulingPolicy roomy() {
        return policy(64, 32, SchedulingOptions.PLAIN);
    }

    /** Answers one request after the other need not be taken: batches do not matter (BatchInvarianceTest). */
    private static Answers whole(Path model, InferenceSettings inference) {
        try (Engine engine = load(model, ReplicaShape.WHOLE, inference)) {
            Answers answers = answers(engine, roomy());
            assertThat(answers.tokens().values().stream()
                            .flatMap(List::stream)
                            .map(SampledToken::token)
                            .distinct()
                            .count())
                    .as("the model is not trivial")
                    .isGreaterThan(20);
            return answers;
        }
    }

    @ParameterizedTest
    @CsvSource({
        "llama,F32",
        "llama,BF16",
        "llama,Q8_0",
        "llama,Q4_0",
        "qwen2,F32",
        "qwen2,BF16",
        "qwen2,Q8_0",
        "gpt2,F32",
        "gpt2,BF16",
        "gpt2,Q8_0"
    })
    void everyShapeGivesTheBitsOfOnePiece(String name, StorageType type) {
        Path model = SplitModels.write(folder, name, SplitModels.config(name), SEED);
        Answers whole = whole(model, weights(type));
        for (ReplicaShape shape : SHAPES) {
            try (Engine engine = load(model, shape, weights(type))) {
                assertThat(answers(engine, roomy())).as(shape.toString()).isEqualTo(whole);
            }
        }
    }

    /** Rows of heads are in another order in GGUF; types stay as they are stored. */
    @ParameterizedTest
    @CsvSource({"llama,Q8_0", "qwen2,Q4_0", "gpt2,Q8_0", "llama,"})
    void filesAreReadInParts(String name, @Nullable StorageType type) {
        Path file = folder.resolve("model.gguf");
        ModelConverter.convert(SplitModels.write(folder, name, SplitModels.config(name), SEED), file, type);
        Answers whole = whole(file, weights(null));
        for (ReplicaShape shape : SHAPES) {
            try (Engine engine = load(file, shape, weights(null))) {
                assertThat(answers(engine, roomy())).as(shape.toString()).isEqualTo(whole);
            }
        }
    }

    /** With shared prefixes, prompts in small chunks, sequences that lose their cache, and guesses. */
    @ParameterizedTest
    @CsvSource({"64,32,true,0", "20,7,false,0", "20,7,true,0", "64,32,false,6", "20,7,true,6"})
    void whateverTheSchedulerDoes(int rows, int blocks, boolean prefixCache, int maxDraft) {
        Path model = SplitModels.write(folder, "llama", SplitModels.config("llama"), SEED);
        Answers whole = whole(model, InferenceSettings.EXACT);
        for (ReplicaShape shape : SHAPES) {
            try (Engine engine = load(model, shape, InferenceSettings.EXACT)) {
                SchedulingPolicy policy = policy(rows, blocks, new SchedulingOptions(prefixCache, false, maxDraft));
                Answers split = answers(engine, policy);
                assertThat(split.tokens()).as(shape.toString()).isEqualTo(whole.tokens());
                assertThat(policy.numPreemptions() > 0).isEqualTo(blocks == 7);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"AUTO,BLOCKS", "INT8,EXACT", "INT8,INT8"})
    void roundedPromptsAndAnswers(Prefill prefill, Decode decode) {
        Path model = SplitModels.write(folder, "llama", SplitModels.config("llama"), SEED);
        InferenceSettings inference = new InferenceSettings(StorageType.Q8_0, prefill, decode, StorageType.F16);
        Answers whole = whole(model, inference);
        for (ReplicaShape shape : SHAPES) {
            try (Engine engine = load(model, shape, inference)) {
                assertThat(answers(engine, roomy())).as(shape.toString()).isEqualTo(whole);
            }
        }
    }

    /** The draft is the leader's, in one piece. */
    @Test
    void aDraftModelGuessesForAllMembers() {
        Path model = SplitModels.write(folder, "llama", SplitModels.config("llama"), SEED);
        Path other = SplitModels.write(folder, "draft", SplitModels.config("qwen2"), 5);
        Answers whole = whole(model, InferenceSettings.EXACT);
        for (Path draft : List.of(model, other)) {
            try (Engine engine = load(model, new ReplicaShape(2, 2, 1), InferenceSettings.EXACT, Optional.of(draft))) {
                SchedulingPolicy policy = policy(64, 32, new SchedulingOptions(true, false, 5, true));
                assertThat(answers(engine, policy).tokens()).isEqualTo(whole.tokens());
                assertThat(policy.numDrafted()).isPositive();
            }
        }
    }

    /** Each member has memory for its share of matrices and cache: together as much as one piece, and a little. */
    @Test
    void membersShareMemoryAndDoNotDoubleIt() {
        Path model = SplitModels.write(folder, "qwen2", SplitModels.config("qwen2"), SEED);
        long whole;
        try (Engine engine = load(model, ReplicaShape.WHOLE, InferenceSettings.EXACT)) {
            whole = NativeMemory.bytes("inference");
            assertThat(engine.numKvBlocks()).isEqualTo(32);
        }
        try (Engine engine = load(model, new ReplicaShape(2, 1, 1), InferenceSettings.EXACT)) {
            // What each has of its own is room for activations.
            assertThat(NativeMemory.bytes("inference")).isBetween(whole, whole * 5 / 4);
            assertThat(engine.numKvBlocks()).isEqualTo(32);
        }
    }

    /** The cache's limit is of a node: members of one node share it, members of two have it twice. */
    @Test
    void theCacheIsBoundedOnEveryNode() {
        ModelConfig config = SplitModels.config("qwen2");
        long whole = ModelLayout.WHOLE.blockBytes(config, StorageType.F32);
        assertThat(layout(new ReplicaShape(2, 1, 1)).blockBytes(config, StorageType.F32))
                .isEqualTo(whole);
        SplitSettings overTwo = new SplitSettings(new ReplicaShape(2, 2, 2), Duration.ofSeconds(30));
        assertThat(new SplitLayout(overTwo, (setup, target) -> MemberSeats.none()).blockBytes(config, StorageType.F32))
                .isEqualTo(whole / 2);
    }

    /** A step that throws at one member leaves the others in an unknown state: the whole is lost, and says so. */
    @Test
    void aStepThatFailsLosesTheEngine() throws InterruptedException {
        Path model = SplitModels.write(folder, "llama", SplitModels.config("llama"), SEED);
        Engine engine = load(model, new ReplicaShape(2, 1, 1), InferenceSettings.EXACT);
        assertThat(engine.lost()).isNotDone();
        EngineLoop loop = new EngineLoop(roomy(), engine);
        loop.offer(Requests.greedy("bad", List.of(1, 100_000), 3)); // fails where the embedding is
        assertThatThrownBy(loop::step).isInstanceOf(TroupeException.class);
        assertThat(engine.lost()).isDone();
        assertThatThrownBy(() -> CompletableFuture.runAsync(loop::step, engine.executor(Runnable::run))
                        .join())
                .isInstanceOf(CompletionException.class);
        engine.close();
        nothingIsLeaked();
        try (Engine again = load(model, new ReplicaShape(2, 1, 1), InferenceSettings.EXACT)) {
            EngineLoop fresh = new EngineLoop(roomy(), again);
            fresh.offer(Requests.greedy("good", List.of(1, 2), 3));
            fresh.run();
            assertThat(fresh.answer(0)).hasSize(3);
        }
    }

    @Test
    void aModelThatCannotBeSplitIsRefusedByTheKey() {
        Path model = SplitModels.write(folder, "qwen2", SplitModels.config("qwen2"), SEED);
        assertThatThrownBy(() -> load(model, new ReplicaShape(1, 3, 1), InferenceSettings.EXACT))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("troupe.serving.replica.tensor = 3")
                .hasMessageContaining("2 key-value heads");
        assertThatThrownBy(() -> load(model, new ReplicaShape(5, 1, 1), InferenceSettings.EXACT))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("troupe.serving.replica.pipeline = 5");
    }
}
