package dev.troupe.model.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.troupe.model.format.LoadedModel;
import dev.troupe.model.format.ModelDirectory;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.onednn.OneDnnKernelProvider;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.SharedData;
import dev.troupe.model.transformer.Decode;
import dev.troupe.model.transformer.InferenceModel;
import dev.troupe.model.transformer.InferenceSettings;
import dev.troupe.model.transformer.Prefill;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What rounding costs a published model (TinyStories, 656 thousand weights) on text like its own. */
class ServedEvaluatorTest {
    private static final int TIME = 200;
    private static final int BLOCKS = 13;
    private static final int TEXT = 12_000;

    private final TensorArena arena = TensorArena.open("test");
    private final FixedComputePool pool = FixedComputePool.create(2);
    private final Kernels kernels = KernelProviders.select("vector").create(pool);
    private final LoadedModel loaded = ModelDirectory.load(SharedData.find("models/tinystories-656K"), arena);
    private final EvaluationSet set = set();

    @AfterEach
    void close() {
        pool.close();
        arena.close();
    }

    private EvaluationSet set() {
        try {
            String text = Files.readString(SharedData.find("text/soda_tinystories_chat_val.txt"));
            return EvaluationSet.ofText(text.substring(0, TEXT), loaded.tokenizer(), TIME);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Evaluation evaluate(StorageType type, Prefill prefill, int maxRows) {
        Decode decode = prefill == Prefill.AUTO ? Decode.BLOCKS : Decode.EXACT;
        return evaluate(new InferenceSettings(type, prefill, decode), maxRows);
    }

    private Evaluation evaluate(InferenceSettings settings, int maxRows) {
        try (InferenceModel model = InferenceModel.create(
                loaded.config(),
                layer -> loaded.weights(),
                kernels,
                settings.options(kernels, pool),
                BLOCKS,
                maxRows)) {
            return new ServedEvaluator(model).evaluate(set);
        }
    }

    @Test
    void exactIsWhatAnEvaluationPassFinds() {
        Evaluation served = evaluate(StorageType.F32, Prefill.EXACT, 64);
        try (PerplexityEvaluator evaluator =
                new PerplexityEvaluator(loaded.config(), loaded.weights(), kernels, 2, TIME)) {
            Evaluation expected = evaluator.evaluate(set);
            assertThat(served.tokens()).isEqualTo(expected.tokens());
            assertThat(served.nllPerToken()).isCloseTo(expected.nllPerToken(), within(1e-5));
            assertThat(served.bitsPerByte()).isCloseTo(expected.bitsPerByte(), within(1e-5));
        }
    }

    /** The bounds are of nats a token, and twice what was seen: docs/adr/0004-bf16.md. */
    @ParameterizedTest
    @CsvSource({"F32, BF16, 0.002", "F32, INT8, 0.01", "Q8_0, INT8, 0.01", "Q8_0, AUTO, 0.01"})
    void roundedPromptsLoseLittle(StorageType type, Prefill prefill, double bound) {
        assumeTrue(prefill != Prefill.BF16
                || new OneDnnKernelProvider().unavailable().isEmpty());
        double exact = evaluate(StorageType.F32, Prefill.EXACT, TIME).nllPerToken();
        Evaluation rounded = evaluate(type, prefill, TIME);
        assertThat(rounded.nllPerToken()).isCloseTo(exact, within(bound));
        assertThat(evaluate(type, prefill, 7)).as("in other chunks").isEqualTo(rounded);
    }

    /** Bounds as above. */
    @ParameterizedTest
    @CsvSource({"BF16, 0.002", "F16, 0.0005", "Q8_0, 0.01"})
    void roundedKeysAndValuesLoseLittle(StorageType cache, double bound) {
        double exact = evaluate(StorageType.F32, Prefill.EXACT, TIME).nllPerToken();
        InferenceSettings settings = new InferenceSettings(StorageType.F32, Prefill.EXACT, Decode.EXACT, cache);
        Evaluation rounded = evaluate(settings, TIME);
        assertThat(rounded.nllPerToken()).isCloseTo(exact, within(bound)).isNotEqualTo(exact);
        assertThat(evaluate(settings, 7)).as("in other chunks").isEqualTo(rounded);
    }
}
