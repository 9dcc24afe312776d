package dev.troupe.actors.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrainingConfigTest {
    @Test
    void defaultsAreALlamaLikeModelWithGpt3sOptimizer() {
        TrainingConfig config = TrainingConfig.from(ConfigFactory.empty());
        ModelConfig model = config.model().withVocabulary(4096);

        assertThat(model.norm()).isEqualTo(ModelConfig.NormKind.RMS);
        assertThat(model.headDim()).isEqualTo(32);
        assertThat(config.train().isTimed()).isTrue();
        assertThat(config.optimizer().beta2()).isEqualTo(0.95);
        assertThat(config.optimizer().warmupStepsOf(1000)).isEqualTo(50);
    }

    @Test
    void gpt2SettlesWhatIsLeftOpen() {
        ModelConfig model = parse("model.architecture = gpt2").model().withVocabulary(100);

        assertThat(model.norm()).isEqualTo(ModelConfig.NormKind.LAYER);
        assertThat(model.mlp()).isEqualTo(ModelConfig.MlpKind.GELU);
        assertThat(model.positions()).isEqualTo(ModelConfig.PositionKind.LEARNED);
        assertThat(model.bias()).isTrue();
    }

    @Test
    void minutesAloneAndStepsAloneSayHowLong() {
        assertThat(parse("train.steps = 5").train().isTimed()).isFalse();
        assertThat(parse("train.minutes = 2").train().isTimed()).isTrue();
        assertThat(parse("train { steps = 5, minutes = 2 }").train().isTimed()).isFalse();
    }

    /** Others take a rank for lost that answers late, whatever it waits for. */
    @Test
    void tokensAreWaitedForWithinThePatienceOfOthers() {
        assertThat(parse("").nodePatience()).hasSeconds(300);
        assertThat(parse("data.nodeWaitSeconds = 20").nodePatience()).hasSeconds(20);
        assertThat(parse("mesh.peerTimeoutSeconds = 30").nodePatience()).hasSeconds(15);
        assertThat(parse("train.stepTimeoutSeconds = 5").nodePatience()).hasMillis(2500);
    }

    @Test
    void theShortFormWinsOverTheFullOne() {
        TrainingConfig config = parse("troupe.training.train { batch = 3, seed = 5 }, train.batch = 4");

        assertThat(config.train().batch()).isEqualTo(4);
        assertThat(config.train().seed()).isEqualTo(5);
        assertThat(config.values()).containsEntry("train.batch", "4").containsEntry("model.dim", "256");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "train.batchs = 4            | unknown configuration key \"train.batchs\" (value 4) | \"train.batch\"",
                "optimiser.learningRate = 1  | \"optimiser.learningRate\"       | \"optimizer.learningRate\"",
                "train.batch = many          | \"train.batch\" is \"many\"      | whole number from 1 to 65536",
                "train.batch = 0             | \"train.batch\" is \"0\"         | whole number from 1 to 65536",
                "train.batch = 1.5           | \"train.batch\" is \"1.5\"       | whole number",
                "data.from = disk            | \"data.from\" is \"disk\"       | auto, files, nodes",
                "data.nodeWaitSeconds = 0    | \"data.nodeWaitSeconds\"         | whole number from 1",
                "model.norm = batch          | \"model.norm\" is \"batch\"      | layer, rms, auto",
                "model.numHeads = 7          | \"model.dim\" is \"256\"         | multiple of model.numHeads (7)",
                "model.numKvHeads = 3        | model.numKvHeads (3)             | model.numHeads (8)",
                "optimizer.beta1 = 1         | \"optimizer.beta1\" is \"1\"     | number from 0",
                "optimizer.warmupSteps = x   | \"optimizer.warmupSteps\"        | auto, or a whole number",
                "train = 5                   | \"train\" is a section           | such as \"train.accumulation\"",
                "train { steps = 0, minutes = 0 } | train.steps                 | set one of them",
                "train.seed = null           | train.seed                       | whole number",
            })
    void mistakesNameTheKeyAndTheRemedy(String text, String what, String remedy) {
        assertThatThrownBy(() -> parse(text))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining(what)
                .hasMessageContaining(remedy);
    }

    private static TrainingConfig parse(String text) {
        return TrainingConfig.from(ConfigFactory.parseString(text));
    }
}
