package dev.troupe.deploy.cli;

import dev.troupe.deploy.bench.CheckpointBench;
import dev.troupe.deploy.bench.MeshForm;
import dev.troupe.model.TroupeException;
import dev.troupe.model.bench.TrainShape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code troupe bench checkpoint}: by how much checkpoints make a training longer. */
@Command(
        name = "checkpoint",
        mixinStandardHelpOptions = true,
        description = "A training that writes a checkpoint every few steps: how long it stands still for one, how long"
                + " until one is whole on disk, and by how much one makes the training longer.")
final class CheckpointBenchCommand implements Callable<Integer> {
    private static final String FOLDER = "troupe-checkpoints-";

    @Option(
            names = "--shape",
            paramLabel = "NAME",
            defaultValue = "baby",
            description = "char-cpu, baby, gpt2-short or gpt2 (default: ${DEFAULT-VALUE})")
    private String shape = "baby";

    @Option(
            names = "--mesh",
            paramLabel = "data=N,tensor=N,pipeline=N,zero=N",
            description = "a mesh; default: one process")
    private @Nullable String mesh;

    @Option(names = "--jvms", paramLabel = "N", defaultValue = "1", description = "JVMs of the mesh (default: 1)")
    private int jvms;

    @Option(
            names = "--checkpoints",
            paramLabel = "N",
            defaultValue = "8",
            description = "that are measured, after two that warm up (default: ${DEFAULT-VALUE})")
    private int checkpoints;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "20",
            description = "from one checkpoint to the next (default: ${DEFAULT-VALUE})")
    private int steps;

    @Option(names = "--dir", paramLabel = "DIR", description = "where they are written; default: a temporary folder")
    private @Nullable Path directory;

    @Option(names = "--backend", paramLabel = "NAME", defaultValue = "auto", description = "kernel provider")
    private String backend = "auto";

    @Option(names = "--json", description = "print the result as one JSON object on the last line")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        if (checkpoints < 1 || steps < 2 || jvms < 1) {
            throw new TroupeException("--checkpoints and --jvms want at least 1, --steps at least 2");
        }
        MeshForm form = mesh == null ? MeshForm.SINGLE : MeshForm.parse(mesh);
        if (form.mesh().ranks() < jvms) {
            throw new TroupeException("--jvms " + jvms + " is more than the mesh has ranks ("
                    + form.mesh().ranks() + ")");
        }
        CheckpointBench.Settings settings =
                new CheckpointBench.Settings(TrainShape.named(shape), backend, form, jvms, checkpoints, steps);
        Path folder = directory == null
                ? Files.createTempDirectory(FOLDER)
                : Files.createTempDirectory(Files.createDirectories(directory), FOLDER);
        CheckpointBench.Report report = CheckpointBench.run(settings, folder);
        if (json) {
            JsonLine.print(System.out, report);
        } else {
            print(report);
        }
        return 0;
    }

    private static void print(CheckpointBench.Report report) {
        System.out.printf(
                Locale.ROOT,
                "%s as %s in %d JVMs: checkpoints of %.1f MB; a step of %.0f ms waits %.0f ms for the copy, a checkpoint is"
                        + " whole after %.2f s and makes the training %.2f s longer: %.2f %% at one a minute%n",
                report.shape(),
                report.form(),
                report.jvms(),
                report.bytes() / 1e6,
                report.stepSeconds() * 1e3,
                report.pauseSeconds() * 1e3,
                report.writtenSeconds(),
                report.extraSeconds(),
                report.shareAtOneAMinute() * 100);
    }
}
