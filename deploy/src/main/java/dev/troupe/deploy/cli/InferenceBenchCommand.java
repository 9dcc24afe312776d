package dev.troupe.deploy.cli;

import dev.troupe.deploy.bench.DraftBench;
import dev.troupe.model.TroupeException;
import dev.troupe.model.bench.InferenceBench;
import dev.troupe.model.bench.InferenceShape;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.transformer.Decode;
import dev.troupe.model.transformer.InferenceSettings;
import dev.troupe.model.transformer.Prefill;
import dev.troupe.model.transformer.ServedWeights;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code troupe bench inference}: tokens a second of models with random weights. */
@Command(
        name = "inference",
        mixinStandardHelpOptions = true,
        description = "Reading a prompt of 512 tokens, writing 128 tokens, and writing several answers at once.")
final class InferenceBenchCommand implements Callable<Integer> {
    @Mixin
    private BenchCommand.Machine machine = new BenchCommand.Machine();

    @Option(
            names = "--shape",
            paramLabel = "NAME",
            defaultValue = "135m",
            description = "tiny, 135m, 0.5b or 1.1b (default: ${DEFAULT-VALUE})")
    private String shape = "135m";

    @Option(
            names = "--weights",
            paramLabel = "TYPE",
            split = ",",
            defaultValue = "f32,bf16,q8_0,q4_0",
            description = "f32, bf16, f16, q8_0, q6_k, q4_k, q4_0, one or several (default: ${DEFAULT-VALUE})")
    private List<String> weights = List.of();

    @Option(
            names = "--prefill",
            paramLabel = "HOW",
            defaultValue = "auto",
            description =
                    "how the prompt is computed: auto, exact, bf16, int8 or int8_copy (default: ${DEFAULT-VALUE})")
    private String prefill = "auto";

    @Option(
            names = "--decode",
            paramLabel = "HOW",
            defaultValue = "auto",
            description = "how answers are computed: auto, exact, blocks or int8 (default: ${DEFAULT-VALUE})")
    private String decode = "auto";

    @Option(
            names = "--draft",
            paramLabel = "NAME",
            description = "measure instead what a draft model of this shape costs and gives; the model's own shape"
                    + " guesses every token right")
    private @Nullable String draft;

    @Option(names = "--parts", description = "also measure where the time goes")
    private boolean parts;

    @Override
    public Integer call() {
        List<StorageType> types = weights.stream().map(ServedWeights::named).toList();
        Prefill how = Prefill.named(prefill);
        try (ComputePool pool = machine.pool()) {
            if (draft != null) {
                InferenceShape guessing = shape(draft);
                Kernels kernels = machine.kernels(pool);
                List<DraftBench.Report> reports = types.stream()
                        .map(type -> DraftBench.run(
                                shape(shape),
                                guessing,
                                new InferenceSettings(type, how, Decode.named(decode)),
                                kernels,
                                pool))
                        .toList();
                machine.show(reports, () -> reports.forEach(InferenceBenchCommand::print));
                return 0;
            }
            InferenceBench.Report report = InferenceBench.run(
                    shape(shape), types, how, Decode.named(decode), machine.kernels(pool), pool, parts);
            machine.show(report, () -> print(report));
        }
        return 0;
    }

    private static void print(DraftBench.Report report) {
        System.out.printf(
                "%s with a draft of shape %s: %.1f tokens/s, %.1f without; %d of %d guesses held, %d steps for %d,"
                        + " answers %s%n",
                report.shape(),
                report.draft(),
                report.tokensPerSecond(),
                report.plainTokensPerSecond(),
                report.numAccepted(),
                report.numDrafted(),
                report.steps(),
                report.plainSteps(),
                report.same() ? "the same" : "DIFFERENT");
    }

    /** The shape of this name, or an error of the input. */
    static InferenceShape shape(String name) {
        try {
            return InferenceShape.named(name);
        } catch (IllegalArgumentException e) {
            throw new TroupeException(String.valueOf(e.getMessage()), e);
        }
    }

    private static void print(InferenceBench.Report report) {
        System.out.printf(
                "%s, %s kernels, %d threads; peak %.0f GFLOP/s, read %.1f GB/s%n",
                report.shape(),
                report.backend(),
                report.peak().threads(),
                report.peak().gflops(),
                report.peak().readGigabytesPerSecond());
        for (InferenceBench.Row row : report.rows()) {
            System.out.printf(
                    "%-5s prompt (%s) %6.0f tokens/s, %.0f GFLOP/s, %.0f %% of peak; answer (%s) %6.1f tokens/s, %.1f GB/s,"
                            + " %.0f %% of read; %s%n",
                    row.weights(),
                    row.prefill(),
                    row.promptTokensPerSecond(),
                    row.promptGflops(),
                    row.promptShareOfPeak() * 100,
                    row.decode(),
                    row.answerTokensPerSecond(),
                    row.answerGigabytesPerSecond(),
                    row.answerShareOfRead() * 100,
                    row.streamTokensPerSecond().entrySet().stream()
                            .map(entry -> "%d at once %.0f".formatted(entry.getKey(), entry.getValue()))
                            .collect(Collectors.joining(", ")));
            row.millisByPart().forEach((work, millis) -> {
                System.out.printf("      %s, ms:", work);
                millis.forEach((part, value) -> System.out.printf(" %s %.3f", part, value));
                System.out.println();
            });
        }
    }
}
