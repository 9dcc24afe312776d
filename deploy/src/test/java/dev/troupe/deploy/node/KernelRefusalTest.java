package dev.troupe.deploy.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.actors.compute.NodeKernels;
import dev.troupe.actors.serving.engine.DirectoryLoader;
import dev.troupe.actors.serving.engine.EngineSettings;
import dev.troupe.deploy.cli.TroupeCommand;
import dev.troupe.model.TroupeException;
import dev.troupe.model.bench.InferenceShape;
import dev.troupe.model.format.ModelDirectory;
import dev.troupe.model.kernel.KernelProvider;
import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.check.KernelUse;
import dev.troupe.model.tensor.NativeMemory;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.CharTokenizer;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Parameters;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import kamon.Kamon;
import kamon.metric.Instrument;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A node whose kernels compute something else than the reference serves and trains nothing, and says why. */
class KernelRefusalTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    Path dir;

    static Stream<KernelProvider> realProviders() {
        return KernelProviders.all().stream()
                .filter(provider -> provider.unavailable().isEmpty())
                .filter(provider -> !provider.name().equals(WrongKernelProvider.NAME));
    }

    @ParameterizedTest
    @MethodSource("realProviders")
    void realProvidersPass(KernelProvider provider) {
        assertThatCode(() -> NodeKernels.check(provider.name(), provider.precision(), 2, KernelUse.all()))
                .doesNotThrowAnyException();
        assertThat(differences(provider.label())).isZero();
    }

    @Test
    void serverIsRefusedBeforeItJoins() {
        refused(
                "up",
                "--dir",
                dir.toString(),
                "--http-port",
                "0",
                "--grpc-port",
                "0",
                "-D",
                "troupe.compute.backend=wrong",
                "-D",
                "troupe.node.metricsPort=-1");
        assertThat(dir.resolve("registry")).doesNotExist();
        assertThat(differences(WrongKernelProvider.NAME)).isPositive();
    }

    @Test
    void trainingIsRefused() throws Exception {
        Path text = dir.resolve("text.txt");
        Files.writeString(text, "the cat sees the dog and the dog runs to a tree. ".repeat(400));
        refused(
                "train",
                "--config",
                write("tiny.conf", """
                        model { dim = 32, numLayers = 1, numHeads = 4, numKvHeads = 2, ffnDim = 64, contextLength = 16 }
                        data { tokenizer = char, heldOutFraction = 0.1 }
                        train { steps = 3, batch = 2 }
                        compute.backend = wrong
                        """),
                "--out",
                dir.resolve("run").toString(),
                "-D",
                "data.text=" + text);
    }

    /** Its weights are laid out beside the check: an engine that could answer must not come of it. */
    @Test
    void aModelIsNotLoaded() {
        InferenceShape shape = InferenceShape.named("tiny");
        Tokenizer tokenizer = CharTokenizer.train("some characters");
        Path model = dir.resolve("model");
        try (TensorArena arena = TensorArena.open("test.refused-model")) {
            Parameters weights = Parameters.allocate(ParameterLayout.of(shape.config()), arena);
            weights.initialize(1);
            ModelDirectory.write(model, shape.config(), weights, tokenizer);
        }
        EngineSettings settings = new EngineSettings(WrongKernelProvider.NAME, Precision.FP32, 2, 32, 1, 1 << 26);
        DirectoryLoader loader = new DirectoryLoader(settings, "refused", "plain", model);
        assertThatThrownBy(loader::load)
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("rms norm at rows 5, dim 37: y is off by");
        assertThat(NativeMemory.bytes("inference")).isZero();
    }

    private String write(String name, String content) throws Exception {
        return Files.writeString(dir.resolve(name), content).toString();
    }

    private static void refused(String... arguments) {
        ByteArrayOutputStream captured = new ByteArrayOutputStream();
        PrintStream before = System.err;
        int exit;
        try (PrintStream err = new PrintStream(captured, true, StandardCharsets.UTF_8)) {
            System.setErr(err);
            exit = TroupeCommand.run(arguments);
        } finally {
            System.setErr(before);
        }
        String message = captured.toString(StandardCharsets.UTF_8);
        assertThat(exit).as(message).isEqualTo(2);
        assertThat(message)
                .contains("\"wrong\"", "rms norm at rows 5, dim 37: y is off by", "is allowed", "scalar")
                .doesNotContain("layer norm", "gemm", "\tat ");
    }

    /** The metric's value. */
    private static double differences(String provider) {
        Object gauge = Kamon.gauge("troupe.kernels.differences").withTag("provider", provider);
        return ((Number) ((Instrument.Snapshotting<?>) gauge).snapshot(false)).doubleValue();
    }
}
