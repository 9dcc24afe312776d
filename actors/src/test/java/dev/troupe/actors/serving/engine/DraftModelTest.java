package dev.troupe.actors.serving.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.actors.serving.GenerationRequest;
import dev.troupe.actors.serving.PromptOutput;
import dev.troupe.actors.serving.Requests;
import dev.troupe.actors.serving.SamplingParameters;
import dev.troupe.actors.serving.batch.SchedulingLimits;
import dev.troupe.actors.serving.batch.SchedulingOptions;
import dev.troupe.actors.serving.batch.SchedulingPolicy;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.format.ModelDirectory;
import dev.troupe.model.format.ModelFiles;
import dev.troupe.model.format.OpenModel;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.parallel.ComputeThreads;
import dev.troupe.model.tensor.NativeMemory;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.CharTokenizer;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.transformer.InferenceSettings;
import dev.troupe.model.transformer.ModelPart;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Parameters;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Answers do not change by a draft model's guesses, however good they are. */
class DraftModelTest {
    private static final String LETTERS = "abcdefghijklmnopqrstuvwxyz .,;";
    private static final int CONTEXT = 64;
    private static final int MAX_DRAFT = 5;
    private static final long SEED = 31;

    @TempDir
    private Path directory;

    @BeforeEach
    void writeTheModel() {
        write("model", LETTERS, 2, PositionKind.ROTARY, CONTEXT, 5);
    }

    @AfterEach
    void nothingIsLeaked() {
        assertThat(NativeMemory.bytes("inference")).isZero();
    }

    private static ModelConfig config(int vocabSize, int layers, PositionKind positions, int context) {
        return new ModelConfig(
                "llama",
                vocabSize,
                24,
                layers,
                3,
                3,
                8,
                40,
                context,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                positions,
                10_000,
                true,
                false,
                0);
    }

    private Path write(String name, String letters, int layers, PositionKind positions, int context, long seed) {
        return write(name, letters, 0, layers, positions, context, seed);
    }

    /** @param padding rows of the vocabulary that no token has */
    private Path write(
            String name, String letters, int padding, int layers, PositionKind positions, int context, long seed) {
        Tokenizer tokenizer = CharTokenizer.train(letters);
        ModelConfig config = config(tokenizer.vocabSize() + padding, layers, positions, context);
        try (TensorArena arena = TensorArena.open("test.draft-model")) {
            Parameters weights = Parameters.allocate(ParameterLayout.of(config), arena);
            weights.initialize(seed);
            for (long i = 0; i < weights.flat().size(); i++) {
                weights.flat().set(i, weights.flat().get(i) * 8); // far from uniform
            }
            ModelDirectory.write(directory.resolve(name), config, weights, tokenizer);
        }
        return directory.resolve(name);
    }

    private Engine load(Optional<Path> draft, long kvBytes) {
        EngineSettings settings = new EngineSettings(
                "auto",
                Precision.FP32,
                InferenceSettings.EXACT,
                ComputeThreads.of(1),
                64,
                8,
                kvBytes,
                ServingMemory.OF_MACHINE,
                draft,
                Optional.empty());
        return new DirectoryLoader(settings, "m", "plain", directory.resolve("model")).load();
    }

    private static SchedulingPolicy policy(int rows, int blocks, SchedulingOptions options) {
        return new SchedulingPolicy(new SchedulingLimits(rows, 8, 40, CONTEXT, blocks), options);
    }

    /**
     * Greedy and sampled, with penalties, with stop tokens, some scored, some that begin alike, choices of one prompt.
     */
    private static List<GenerationRequest> requests() {
        Random random = new Random(SEED);
        List<Integer> common = random.ints(20, 0, LETTERS.length()).boxed().toList();
        List<GenerationRequest> requests = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            List<Integer> prompt = new ArrayList<>(i % 3 == 0 ? common : List.of());
            random.ints(1 + random.nextInt(12), 0, LETTERS.length()).forEach(prompt::add);
            SamplingParameters sampling = i % 4 == 0
                    ? new SamplingParameters(0.9, 0, 0.95, 0, 1.1, 0.3, 0.2, Map.of(3, 1.5), i, 2)
                    : Requests.sampling(i % 4 == 1 ? 0 : 1, i, 0);
            requests.add(
                    new GenerationRequest("r" + i, prompt, 20 + i, i % 2 == 0 ? List.of(7) : List.of(), sampling, 0)
                            .telling(i == 5 ? PromptOutput.LOG_PROBS : PromptOutput.NONE));
        }
        for (int choice = 0; choice < 3; choice++) {
            requests.add(new GenerationRequest("c" + choice, common, 9, List.of(), Requests.sampling(1, choice, 0), 0));
        }
        return requests;
    }

    private static EngineLoop run(Engine engine, SchedulingPolicy policy) {
        EngineLoop loop = new EngineLoop(policy, engine);
        requests().forEach(loop::offer);
        loop.run();
        assertThat(policy.numUsedBlocks()).isZero();
        return loop;
    }

    private Map<Long, List<SampledToken>> plain() {
        try (Engine engine = load(Optional.empty(), 1 << 20)) {
            return run(engine, policy(64, 32, SchedulingOptions.PLAIN)).answers();
        }
    }

    /** With room, and with so little that sequences are preempted and prompts cut. */
    @ParameterizedTest
    @CsvSource({"64,32,false", "64,32,true", "20,6,false", "20,6,true"})
    void theModelItselfGuessesEveryToken(int rows, int blocks, boolean prefixCache) {
        try (Engine engine = load(Optional.of(directory.resolve("model")), 1 << 20)) {
            SchedulingPolicy policy = policy(rows, blocks, new SchedulingOptions(prefixCache, false, MAX_DRAFT, true));
            EngineLoop loop = run(engine, policy);
            assertThat(loop.answers()).as("seed %d", SEED).isEqualTo(plain());
            assertThat(policy.numDrafted()).isPositive();
            assertThat(policy.numDraftsAccepted()).isEqualTo(policy.numDrafted());
            assertThat(policy.numPreemptions() > 0).isEqualTo(blocks == 6);
        }
    }

    @ParameterizedTest
    @CsvSource({"64,32,false", "64,32,true", "20,6,true"})
    void anotherModelChangesNoByte(int rows, int blocks, boolean prefixCache) {
        Path draft = write("draft", LETTERS, 1, PositionKind.ROTARY, 16, 6);
        try (Engine engine = load(Optional.of(draft), 1 << 20)) {
            SchedulingPolicy policy = policy(rows, blocks, new SchedulingOptions(prefixCache, false, MAX_DRAFT, true));
            assertThat(run(engine, policy).answers()).as("seed %d", SEED).isEqualTo(plain());
            assertThat(policy.numDrafted()).isPositive();
            assertThat(policy.numDraftsAccepted()).isLessThan(policy.numDrafted());
        }
    }

    /** Rows that only one of the models has may be drawn by either. */
    @ParameterizedTest
    @CsvSource({"0,10", "10,0", "10,3"})
    void vocabulariesMayBePaddedDifferently(int ofModel, int ofDraft) {
        write("model", LETTERS, ofModel, 2, PositionKind.ROTARY, CONTEXT, 5);
        Path draft = write("draft", LETTERS, ofDraft, 1, PositionKind.ROTARY, CONTEXT, 6);
        try (Engine engine = load(Optional.of(draft), 1 << 20)) {
            SchedulingPolicy policy = policy(64, 32, new SchedulingOptions(true, false, MAX_DRAFT, true));
            Map<Long, List<SampledToken>> answers = run(engine, policy).answers();
            assertThat(answers).as("seed %d", SEED).isEqualTo(plain());
            assertThat(policy.numDrafted()).isPositive();
            boolean padded = answers.values().stream()
                    .flatMap(List::stream)
                    .anyMatch(token -> token.token() >= LETTERS.length());
            assertThat(padded).isEqualTo(ofModel > 0);
        }
    }

    @Test
    void fewerStepsAreTaken() {
        GenerationRequest request =
                new GenerationRequest("r", List.of(1, 2, 3), 40, List.of(), Requests.sampling(1, 4, -1), 0);
        try (Engine engine = load(Optional.of(directory.resolve("model")), 1 << 20)) {
            EngineLoop loop =
                    new EngineLoop(policy(64, 32, new SchedulingOptions(false, false, MAX_DRAFT, true)), engine);
            loop.offer(request);
            loop.run();
            assertThat(loop.answer(0)).hasSize(40);
            assertThat(loop.numSteps()).isLessThan(40 / MAX_DRAFT + 3);
        }
    }

    @Test
    void aRequestThatIsCancelledLeavesNoBlockAndTheOthersAsTheyWere() {
        try (Engine engine = load(Optional.of(directory.resolve("model")), 1 << 20)) {
            SchedulingPolicy policy = policy(64, 32, new SchedulingOptions(false, false, MAX_DRAFT, true));
            EngineLoop loop = new EngineLoop(policy, engine);
            requests().forEach(loop::offer);
            loop.step();
            loop.step();
            loop.step();
            int used = policy.numUsedBlocks();
            int held = loop.sequence(1).numBlocks();
            assertThat(held).isPositive();
            policy.remove(loop.sequence(1));
            assertThat(policy.numUsedBlocks()).isEqualTo(used - held);
            loop.run();
            assertThat(policy.numUsedBlocks()).isZero();
            Map<Long, List<SampledToken>> plain = plain();
            loop.answers().forEach((arrival, answer) -> {
                if (arrival != 1) {
                    assertThat(answer).isEqualTo(plain.get(arrival));
                }
            });
        }
    }

    /** Keys and values of both models count, and rows. */
    @Test
    void theCacheIsSharedWithTheDraft() {
        Path draft = write("draft", LETTERS, 1, PositionKind.ROTARY, 16, 6);
        long layerBytes = 2L * 16 * 3 * 8 * Float.BYTES; // of a block
        long kvBytes = 8 * 3 * layerBytes;
        long rows = rowBytes(directory.resolve("model"));
        try (Engine with = load(Optional.of(draft), kvBytes + rows + rowBytes(draft));
                Engine without = load(Optional.empty(), kvBytes + rows)) {
            assertThat(with.numKvBlocks()).isEqualTo(8);
            assertThat(without.numKvBlocks()).isEqualTo(12);
        }
    }

    private static long rowBytes(Path model) {
        try (OpenModel open = ModelFiles.open(model)) {
            return ModelPart.whole(open.config()).rowBytes(64, 8);
        }
    }

    @Test
    void aDraftThatCannotGuessIsRefusedByName() {
        Path larger = write("larger", LETTERS + "!", 1, PositionKind.ROTARY, CONTEXT, 6);
        assertThatThrownBy(() -> load(Optional.of(larger), 1 << 20))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("larger has another vocabulary")
                .hasMessageContaining("its tokenizer has 31 tokens, not 30")
                .hasMessageContaining("draftModel");
        Path other = write("other", LETTERS.replace(';', '!'), 1, PositionKind.ROTARY, CONTEXT, 6);
        assertThatThrownBy(() -> load(Optional.of(other), 1 << 20))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("token 1 is '!', not ','");
        Path learned = write("learned", LETTERS, 1, PositionKind.LEARNED, 32, 6);
        assertThatThrownBy(() -> load(Optional.of(learned), 1 << 20))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("32 positions");
        Path nowhere = directory.resolve("nowhere");
        assertThatThrownBy(() -> load(Optional.of(nowhere), 1 << 20))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("nowhere");
    }
}
