package dev.troupe.deploy.cli;

import dev.troupe.deploy.bench.MeshEqualityBench;
import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code troupe bench mesh-equality}: every form of parallelism against one rank. */
@Command(
        name = "mesh-equality",
        mixinStandardHelpOptions = true,
        description = "Takes the same steps in every form of parallelism, in one JVM and in several, and says how far"
                + " losses are from those of one rank. Forms are data x tensor x pipeline.")
final class MeshEqualityCommand implements Callable<Integer> {
    /** Largest relative difference of a loss in float32. */
    private static final double TOLERANCE = 1e-5;

    @Option(names = "--steps", paramLabel = "N", defaultValue = "50", description = "default: 50")
    private int steps;

    @Option(
            names = "--jvms",
            paramLabel = "N",
            split = ",",
            defaultValue = "1,2,4",
            description = "JVMs that ranks are spread over, one number or several (default: ${DEFAULT-VALUE})")
    private List<Integer> jvms = List.of();

    @Option(names = "--json", description = "print the result as one JSON object on the last line")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        if (steps < 1 || jvms.stream().anyMatch(n -> n < 1 || n > 64)) {
            throw new TroupeException("--steps wants at least 1, --jvms numbers from 1 to 64");
        }
        Path folder = Files.createTempDirectory("troupe-mesh-");
        MeshEqualityBench.Report report =
                MeshEqualityBench.run(folder, steps, jvms.stream().sorted().toList(), MeshEqualityCommand::show);
        if (json) {
            JsonLine.print(System.out, report);
        }
        boolean equal = report.rows().stream().allMatch(row -> row.isEqual(TOLERANCE));
        if (!equal) {
            System.err.printf(
                    "some losses are more than %s apart, or have other bits though no sum has another order%n",
                    TOLERANCE);
        }
        return equal ? 0 : 1;
    }

    private static void show(MeshEqualityBench.Row row) {
        System.err.printf(
                "%-22s %d JVMs   %s%n",
                row.form(),
                row.jvms(),
                row.bitIdentical()
                        ? "bit-identical"
                        : String.format(Locale.ROOT, "apart by %.1e", row.maxRelativeLossDifference()));
    }
}
