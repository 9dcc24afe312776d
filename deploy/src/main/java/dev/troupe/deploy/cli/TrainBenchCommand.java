package dev.troupe.deploy.cli;

import dev.troupe.deploy.bench.MeshForm;
import dev.troupe.deploy.bench.MeshTrainBench;
import dev.troupe.model.TroupeException;
import dev.troupe.model.bench.MachinePeak;
import dev.troupe.model.bench.TrainBench;
import dev.troupe.model.bench.TrainShape;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.parallel.ComputePool;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code troupe bench train}: training speed of one process, or of meshes beside one process. */
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        description = "Whole training steps of a model shape; with --mesh those of a mesh of ranks on this machine, in"
                + " turns with one process that has the same batch.")
final class TrainBenchCommand implements Callable<Integer> {
    private static final String TABLE = "table";
    private static final List<String> FORMS = List.of(
            "data=1",
            "data=2",
            "data=2,zero=1",
            "data=2,zero=2",
            "data=2,zero=3",
            "tensor=2",
            "pipeline=2",
            "data=2,tensor=2,pipeline=2");

    @Mixin
    private BenchCommand.Machine machine = new BenchCommand.Machine();

    @Option(
            names = "--shape",
            paramLabel = "NAME",
            defaultValue = "char-cpu",
            description = "char-cpu, baby, gpt2-short or gpt2 (default: ${DEFAULT-VALUE})")
    private String shape = "char-cpu";

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "50",
            description = "measured steps (default: ${DEFAULT-VALUE})")
    private int steps;

    @Option(
            names = "--mesh",
            paramLabel = "data=N,tensor=N,pipeline=N,zero=N",
            arity = "0..1",
            fallbackValue = TABLE,
            description = "a mesh; may be repeated. Without a value: one, two and eight ranks in several forms")
    private List<String> meshes = List.of();

    @Option(
            names = "--jvms",
            paramLabel = "N",
            split = ",",
            description = "JVMs that the ranks of a mesh are spread over, one number or several; default: 1,2")
    private List<Integer> jvms = List.of(1, 2);

    @Option(
            names = "--micro-batches",
            paramLabel = "N",
            description = "of each replica; default: 1, or up to 4 where there is a pipeline")
    private @Nullable Integer microBatches;

    @Option(
            names = "--copy-every",
            paramLabel = "N",
            defaultValue = "1",
            description = "steps between copies of the state in the memory of other nodes (default: ${DEFAULT-VALUE})")
    private int copyEvery;

    @Override
    public Integer call() throws IOException {
        List<MeshForm> forms = forms();
        if (copyEvery < 1
                || jvms.stream().anyMatch(n -> n < 1 || n > 64)
                || (microBatches != null && microBatches < 1)) {
            throw new TroupeException("--copy-every and --micro-batches want at least 1, --jvms numbers from 1 to 64");
        }
        try (ComputePool pool = machine.pool()) {
            Kernels kernels = machine.kernels(pool); // complains before the measurement, not after it
            MachinePeak peak = MachinePeak.measure(pool);
            if (forms.isEmpty()) {
                TrainBench.Report report = TrainBench.run(shape(), machine.provider(), pool, steps, peak.gflops());
                machine.show(report, () -> print(report));
            } else {
                MeshTrainBench.Report report = MeshTrainBench.run(
                        Files.createTempDirectory("troupe-mesh-"),
                        new MeshTrainBench.Settings(
                                shape(),
                                machine.backend(),
                                machine.precision(),
                                forms,
                                jvms,
                                microBatches == null ? 0 : microBatches,
                                copyEvery,
                                steps),
                        kernels,
                        peak.gflops(),
                        TrainBenchCommand::show);
                machine.show(report, () -> {});
            }
        }
        return 0;
    }

    private List<MeshForm> forms() {
        return meshes.stream()
                .flatMap(text -> text.equals(TABLE) ? FORMS.stream() : Stream.of(text))
                .map(MeshForm::parse)
                .toList();
    }

    private TrainShape shape() {
        if (steps < 1) {
            throw new TroupeException("--steps is " + steps + ": it must be at least 1");
        }
        return TrainShape.named(shape);
    }

    private static void print(TrainBench.Report report) {
        System.out.printf(
                "%s, %s kernels, %d threads: %.1f ms a step, %.0f tokens/s, %.0f GFLOP/s (%.0f %% of peak)%n",
                report.shape(),
                report.backend(),
                report.threads(),
                report.stepMillis(),
                report.tokensPerSecond(),
                report.gflops(),
                report.shareOfPeak() * 100);
        report.millisByPart().forEach((part, millis) -> System.out.printf("  %-24s %8.3f ms%n", part, millis));
    }

    private static void show(MeshTrainBench.Row row) {
        System.err.printf(
                Locale.ROOT,
                "%-13s %d JVMs: %,8.0f tokens/s, one process %,8.0f, overhead %5.1f %%; communication %4.1f %%, copies"
                        + " %4.1f %%, orders %4.1f %%%s%n",
                row.form(),
                row.jvms(),
                row.tokensPerSecond(),
                row.singleTokensPerSecond(),
                row.overhead() * 100,
                row.communicationShare() * 100,
                row.copyShare() * 100,
                row.orderShare() * 100,
                row.bubbleFormula() == 0
                        ? ""
                        : String.format(
                                Locale.ROOT,
                                "; bubble %.1f %% of %d micro-batches, by formula %.1f %%",
                                row.bubble() * 100,
                                row.microBatches(),
                                row.bubbleFormula() * 100));
    }
}
