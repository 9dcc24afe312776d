package dev.troupe.deploy.cli;

import dev.troupe.model.bench.MeshMemory;
import dev.troupe.model.bench.TrainShape;
import dev.troupe.model.mesh.Mesh;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code troupe bench mesh-memory}: what ranks allocate beside what the planner says. */
@Command(
        name = "mesh-memory",
        mixinStandardHelpOptions = true,
        description = "Builds the ranks of meshes under ZeRO 0 to 3 and says how many bytes the fullest one has for"
                + " weights, gradients and optimizer, beside the formula of 'troupe plan'.")
final class MeshMemoryCommand implements Callable<Integer> {
    private static final double TOLERANCE = 0.05;

    @Option(
            names = "--shape",
            paramLabel = "NAME",
            defaultValue = "baby",
            description = "char-cpu, baby, gpt2-short or gpt2 (default: ${DEFAULT-VALUE})")
    private String shape = "baby";

    @Option(
            names = "--mesh",
            paramLabel = "DxTxP",
            split = ",",
            defaultValue = "2x1x1,4x1x1,2x2x1,2x1x2,2x2x2",
            description = "data x tensor x pipeline, one or several (default: ${DEFAULT-VALUE})")
    private List<String> meshes = List.of();

    @Option(names = "--json", description = "print the result as one JSON object on the last line")
    private boolean json;

    @Override
    public Integer call() {
        MeshMemory.Report report = MeshMemory.run(
                TrainShape.named(shape), meshes.stream().map(Mesh::parse).toList());
        if (json) {
            JsonLine.print(System.out, report);
        } else {
            report.rows().forEach(MeshMemoryCommand::print);
        }
        boolean equal = report.largestDifference() <= TOLERANCE;
        if (!equal) {
            System.err.printf(Locale.ROOT, "some parts are more than %.0f %% apart%n", TOLERANCE * 100);
        }
        return equal ? 0 : 1;
    }

    private static void print(MeshMemory.Row row) {
        System.out.printf(
                Locale.ROOT,
                "%-8s ZeRO %d  %-10s %,14d bytes, by formula %,14.0f: %.3f%n",
                row.form(),
                row.zero(),
                row.part(),
                row.measured(),
                row.formula(),
                row.ratio());
    }
}
