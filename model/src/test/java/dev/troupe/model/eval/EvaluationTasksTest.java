package dev.troupe.model.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.BpeTrainer;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Parameters;
import dev.troupe.model.transformer.StageRange;
import dev.troupe.model.transformer.TrainingStage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluationTasksTest {
    private static final String TEXT = "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. ".repeat(9);
    private static final int TIME = 8;

    private final Tokenizer tokenizer = BpeTrainer.train(List.of(TEXT), 280, List.of(BpeTrainer.END_OF_TEXT), 1);

    @TempDir
    Path temp;

    private double score(String task) {
        return score(task, new HeldOutScores(2, 30, 100, 3, 1.25));
    }

    /** Of a model that predicts every token alike. */
    private double score(String task, HeldOutScores heldOut) {
        ModelConfig config = TinyModel.config(tokenizer);
        try (TensorArena arena = TensorArena.open("test");
                FixedComputePool pool = FixedComputePool.create(1)) {
            Kernels kernels = KernelProviders.select("scalar").create(pool);
            Parameters zeros = Parameters.allocate(ParameterLayout.of(config), arena);
            try (TrainingStage stage =
                    new TrainingStage(config, StageRange.whole(config), kernels, zeros, null, 2, TIME)) {
                EvaluatedModel model = new EvaluatedModel(zeros, tokenizer, kernels, stage, TIME, heldOut);
                return EvaluationTasks.named(List.of(task)).getFirst().score(model);
            }
        }
    }

    @Test
    void measuresOfTheHeldOutWindows() {
        assertThat(score("perplexity")).isEqualTo(Math.exp(2));
        assertThat(score("bitsPerByte")).isCloseTo(2 / Math.log(2) * 30 / 100, within(1e-12));
        assertThat(score("contextGain")).isEqualTo(1.75);
    }

    @Test
    void bitsPerByteOfAnotherText() throws IOException {
        Path file = Files.writeString(temp.resolve("other.txt"), TEXT);
        double bits = tokenizer.encode(TEXT).length * Math.log(tokenizer.vocabSize()) / Math.log(2);
        assertThat(score("text:" + file)).isCloseTo(bits / Files.size(file), within(1e-6));
    }

    /** Where all tokens are alike, the choice with the fewest tokens a byte is the most likely one. */
    @Test
    void shareOfQuestionsAnsweredRightly() throws IOException {
        Path file = Files.writeString(temp.resolve("questions.jsonl"), """
                {"prompt": "Zwölf", "choices": [" xqzxqzxqz", " Boxkämpfer"], "answer": 1}

                {"prompt": "Zwölf Boxkämpfer jagen Viktor quer durch den Sylter", "choices": [" Deich", "wvuts"], "answer": 0}
                {"prompt": "", "choices": [" Boxkämpfer", " xqzxqzxqz"], "answer": 1}
                """);
        assertThat(score("choice:" + file)).isCloseTo(2 / 3.0, within(1e-12));
    }

    @Test
    void complainsOfWhatCannotBeMeasured() throws IOException {
        assertThatThrownBy(() -> score("blue"))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("bitsPerByte, choice:FILE, contextGain, perplexity, text:FILE");
        assertThatThrownBy(() -> score("text:" + temp.resolve("none")))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("does not exist");
        Path file = Files.writeString(
                temp.resolve("wrong.jsonl"), "{\"prompt\": \"a\", \"choices\": [\"b\", \"c\"], \"answer\": 2}");
        assertThatThrownBy(() -> score("choice:" + file))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("question 1");
        Files.writeString(file, "{\"prompt\": \"a\"}");
        assertThatThrownBy(() -> score("choice:" + file)).isInstanceOf(TroupeException.class);
    }

    @Test
    void namesAreTheSameInAnyWorkingDirectory() {
        assertThat(EvaluationTasks.withAbsolutePath("perplexity")).isEqualTo("perplexity");
        String absolute = EvaluationTasks.withAbsolutePath("text:a/b.txt");
        assertThat(absolute).endsWith("/a/b.txt").startsWith("text:/");
        assertThat(EvaluationTasks.named(List.of(absolute)).getFirst().name()).isEqualTo("text:b.txt");
    }
}
