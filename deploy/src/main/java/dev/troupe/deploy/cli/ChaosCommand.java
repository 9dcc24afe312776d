package dev.troupe.deploy.cli;

import dev.troupe.deploy.chaos.ChaosReport;
import dev.troupe.deploy.chaos.ChaosSettings;
import dev.troupe.deploy.chaos.Fault;
import dev.troupe.deploy.chaos.TrainingChaos;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code troupe chaos}: what happens when something fails. */
@Command(
        name = "chaos",
        mixinStandardHelpOptions = true,
        description = "Has things fail on purpose, in processes of its own, and compares the results.",
        subcommands = ChaosCommand.Training.class)
final class ChaosCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "say what is to fail: train");
    }

    @Command(
            name = "train",
            mixinStandardHelpOptions = true,
            description =
                    "Trains a small model on a cluster of JVMs, once undisturbed and again while random nodes that"
                            + " lead the run or have ranks are killed, stand still or are cut off, and replaced; compares the bits"
                            + " of the final states, and says how long each recovery took: from then until a step after it is"
                            + " recorded.")
    static final class Training implements Callable<Integer> {
        @Option(names = "--kills", paramLabel = "N", defaultValue = "20", description = "default: ${DEFAULT-VALUE}")
        private int kills;

        @Option(
                names = "--during-recovery",
                paramLabel = "N",
                defaultValue = "0",
                description =
                        "how many of the kills hit a node while the run recovers from the kill before; wants 5 nodes, as"
                                + " two are gone at once (default: ${DEFAULT-VALUE})")
        private int duringRecovery;

        @Option(
                names = "--pauses",
                paramLabel = "N",
                defaultValue = "0",
                description =
                        "nodes that stand still (SIGSTOP) until the run goes on without them, and wake then (default:"
                                + " ${DEFAULT-VALUE})")
        private int pauses;

        @Option(
                names = "--partitions",
                paramLabel = "N",
                defaultValue = "0",
                description =
                        "nodes between which and all others nothing passes until the run goes on without them; nodes talk"
                                + " through this process then, by addresses that Linux has on loopback (default:"
                                + " ${DEFAULT-VALUE})")
        private int partitions;

        @Option(
                names = "--seed",
                paramLabel = "S",
                description = "of nodes and moments; default: another one each time")
        private @Nullable Long seed;

        @Option(names = "--nodes", paramLabel = "N", defaultValue = "3", description = "default: ${DEFAULT-VALUE}")
        private int nodes;

        @Option(
                names = "--mesh",
                paramLabel = "DxTxP",
                defaultValue = "2x1x2",
                description = "data x tensor x pipeline (default: ${DEFAULT-VALUE})")
        private String mesh = "2x1x2";

        @Option(
                names = "--zero",
                paramLabel = "Z",
                defaultValue = "1",
                description = "ZeRO stage (default: ${DEFAULT-VALUE})")
        private int zero;

        @Option(
                names = "--steps",
                paramLabel = "N",
                defaultValue = "600",
                description = "of a run; there are as many runs as the kills need (default: ${DEFAULT-VALUE})")
        private int steps;

        @Option(
                names = "--patience",
                paramLabel = "SECONDS",
                defaultValue = "120",
                description = "without a new step after which a run has stalled (default: ${DEFAULT-VALUE})")
        private int patience;

        @Option(names = "--json", description = "print the result as one JSON object on the last line")
        private boolean json;

        @Override
        public Integer call() throws IOException {
            ChaosSettings settings = new ChaosSettings(
                    kills,
                    duringRecovery,
                    pauses,
                    partitions,
                    seed == null ? new Random().nextInt(1_000_000) : seed,
                    nodes,
                    mesh,
                    zero,
                    steps,
                    patience);
            Path folder = Files.createTempDirectory("troupe-chaos-");
            ChaosReport report = TrainingChaos.run(folder, settings, System.err::println);
            if (json) {
                JsonLine.print(System.out, figures(report));
            } else {
                show(report);
            }
            report.problems().forEach(System.err::println);
            return report.isGood() ? 0 : TroupeCommand.EXIT_SOFTWARE_ERROR;
        }

        private static Map<String, Object> figures(ChaosReport report) {
            Map<String, Object> figures = new LinkedHashMap<>();
            figures.put("kills", report.count(Fault.KILL));
            figures.put("coordinatorKills", report.coordinatorKills());
            figures.put("killsDuringRecovery", report.killsDuringRecovery());
            figures.put("statesLost", report.statesLost());
            figures.put("differingChecksums", report.differingChecksums());
            figures.put("pauses", report.count(Fault.PAUSE));
            figures.put("partitions", report.count(Fault.PARTITION));
            figures.put("medianRecoverySeconds", report.medianSeconds());
            figures.put("maxRecoverySeconds", report.maxSeconds());
            return figures;
        }

        private static void show(ChaosReport report) {
            System.out.printf(
                    "%4s %6s  %-7s %-24s %5s  %-29s %8s%n", "run", "step", "", "node", "ranks", "", "recovery");
            for (ChaosReport.Recovery recovery : report.recoveries()) {
                System.out.printf(
                        Locale.ROOT,
                        "%4d %6d  %-7s %-24s %5d  %-29s %6.2f s%n",
                        recovery.run(),
                        recovery.step(),
                        recovery.fault().done(),
                        recovery.node(),
                        recovery.ranks(),
                        (recovery.wasCoordinator() ? "coordinator " : "")
                                + (recovery.duringRecovery() ? "during a recovery" : ""),
                        recovery.seconds());
            }
            System.out.printf(
                    Locale.ROOT,
                    "%d kills, %d of the coordinator, %d during a recovery, %d pauses, %d partitions: recovery %.2f s in the median, %.2f s at most; %s%n",
                    report.count(Fault.KILL),
                    report.coordinatorKills(),
                    report.killsDuringRecovery(),
                    report.count(Fault.PAUSE),
                    report.count(Fault.PARTITION),
                    report.medianSeconds(),
                    report.maxSeconds(),
                    report.differingChecksums() == 0
                            ? "all runs end in the bits of the undisturbed one"
                            : report.differingChecksums() + " runs end in other bits");
        }
    }
}
