package dev.troupe.deploy.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.serving.engine.EngineLoader;
import dev.troupe.actors.serving.replica.ReplicaSettings;
import dev.troupe.deploy.cli.TroupeCommand;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.format.ModelDirectory;
import dev.troupe.model.tensor.NativeMemory;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.CharTokenizer;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Parameters;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node whose model cannot be loaded ends with a message, and does not wait while its replica tries for ever. */
class LoadRefusalTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    Path dir;

    /** Keys and values of so long a context for so many requests take more than a process has addresses for. */
    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES) // a load may take six times as long
    void aCacheThatDoesNotFitInMemory() {
        Path model = model();
        ByteArrayOutputStream captured = new ByteArrayOutputStream();
        PrintStream before = System.err;
        int exit;
        try (PrintStream err = new PrintStream(captured, true, StandardCharsets.UTF_8)) {
            System.setErr(err);
            exit = TroupeCommand.run(
                    "up",
                    "--model",
                    model.toString(),
                    "--dir",
                    dir.toString(),
                    "--http-port",
                    "0",
                    "--grpc-port",
                    "0",
                    "-D",
                    "troupe.serving.kvCache=" + (1L << 49),
                    "-D",
                    "troupe.serving.memory=" + (1L << 50), // more than there is, so that the system says it
                    "-D",
                    "troupe.serving.maxRunning=128",
                    "-D",
                    "troupe.node.metricsPort=-1");
        } finally {
            System.setErr(before);
        }
        String message = captured.toString(StandardCharsets.UTF_8);
        assertThat(exit).as(message).isEqualTo(2);
        assertThat(message)
                .contains(
                        "bytes (268435455 MiB) of memory for keys and values",
                        model + " needs less with rounded weights",
                        "troupe.serving.kvCache (562949953421312 bytes)")
                .doesNotContain("\tat ");
        assertThat(NativeMemory.bytes("inference")).isZero();
    }

    @Test
    @Timeout(value = 5, unit = TimeUnit.MINUTES)
    void anErrorOfALoadEndsTheWait() {
        EngineLoader loader = () -> {
            throw new LinkageError("as of a class that is not there");
        };
        try (TroupeNode node = TroupeNode.start(ConfigFactory.parseMap(
                Map.of("troupe.node.roles", List.of("router"), "troupe.node.directory", dir.toString())))) {
            Config named =
                    ConfigFactory.parseString("troupe.serving.modelId = any").withFallback(node.config());
            assertThatThrownBy(() -> node.serve(ReplicaSettings.from(named), loader))
                    .isInstanceOf(IllegalStateException.class)
                    .hasRootCauseInstanceOf(LinkageError.class);
        }
    }

    private Path model() {
        Tokenizer tokenizer = CharTokenizer.train("some characters");
        ModelConfig config = new ModelConfig(
                "llama",
                tokenizer.vocabSize(),
                16,
                2,
                8,
                8,
                64,
                32,
                ModelConfig.MOST_CONTEXT,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                10_000,
                true,
                false,
                0);
        Path model = dir.resolve("model");
        try (TensorArena arena = TensorArena.open("test.refused-model")) {
            Parameters weights = Parameters.allocate(ParameterLayout.of(config), arena);
            weights.initialize(1);
            ModelDirectory.write(model, config, weights, tokenizer);
        }
        return model;
    }
}
