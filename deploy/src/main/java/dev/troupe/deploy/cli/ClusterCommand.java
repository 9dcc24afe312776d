package dev.troupe.deploy.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.config.KnownKeys;
import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.deploy.cluster.ClusterProcesses;
import dev.troupe.deploy.cluster.ClusterTable;
import dev.troupe.deploy.cluster.NodeView;
import dev.troupe.deploy.node.Interruption;
import dev.troupe.deploy.run.TrainingLauncher;
import dev.troupe.model.TroupeException;
import java.io.Console;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code troupe cluster}: nodes on this machine, for development. */
@Command(
        name = "cluster",
        mixinStandardHelpOptions = true,
        description =
                "Starts nodes on this machine, each in a JVM of its own, and shows their state until Ctrl-C, which"
                        + " ends them. The configuration is that of 'troupe up'; without roles a node is a trainer. Of several"
                        + " nodes only the first has the role registry. A configuration of a training may be given, too: its"
                        + " nodes are there then for 'troupe train', whose command line is printed.")
final class ClusterCommand implements Callable<Integer> {
    private static final Duration INTERVAL = Duration.ofMillis(500);
    private static final int MOST = 64;

    @Mixin
    private ConfigOptions configOptions = new ConfigOptions();

    @Option(names = "--nodes", paramLabel = "N", defaultValue = "3", description = "default: ${DEFAULT-VALUE}")
    private int count;

    @Option(
            names = "--eval-nodes",
            paramLabel = "N",
            defaultValue = "0",
            description =
                    "how many of them, the last ones, evaluate the checkpoints of the others' training and do nothing"
                            + " else; default: ${DEFAULT-VALUE}")
    private int evaluationNodes;

    @Option(
            names = "--dir",
            paramLabel = "DIR",
            description = "folder of the nodes' configurations and logs; default: a new one among temporary files")
    private @Nullable Path directory;

    @Option(names = "--json", description = "print each change of state as one JSON object in a line")
    private boolean json;

    private List<NodeView> shown = List.of();
    private int linesShown;

    @Override
    public Integer call() throws IOException {
        if (count < 1 || count > MOST) {
            throw new TroupeException("--nodes is " + count + ": it must be from 1 to " + MOST);
        }
        if (evaluationNodes < 0 || evaluationNodes >= count) {
            throw new TroupeException("--eval-nodes is " + evaluationNodes + ": it must be from 0 to " + (count - 1)
                    + ", for the first node begins the cluster");
        }
        Config given = configOptions.load();
        Config nodes = nodeConfig(given);
        boolean trains = isTraining(given);
        if (trains) {
            TrainingConfig.from(given); // complains now, and not when somebody trains
        }
        Path folder = directory != null ? directory.toAbsolutePath() : Files.createTempDirectory("troupe-cluster-");
        return Interruption.guard(interruption -> {
            try (ClusterProcesses processes = ClusterProcesses.start(count, evaluationNodes, nodes, folder)) {
                System.err.println("seed " + processes.seed() + "   logs in " + folder + "   Ctrl-C stops");
                System.err.println("train on these nodes: " + trainCommand(processes.seed(), trains));
                System.err.println("the run's curve as JSON: " + processes.curveUrl());
                return watch(processes, interruption);
            }
        });
    }

    /** What of the configuration is a node's own. */
    private static Config nodeConfig(Config given) {
        Config nodes = TrainingLauncher.systemKeys(given).withoutPath(TrainingConfig.PREFIX);
        KnownKeys.require(
                nodes.withoutPath("akka").withoutPath("kamon"),
                ConfigFactory.load().withOnlyPath("troupe"));
        return nodes;
    }

    private static boolean isTraining(Config given) {
        return given.hasPath(TrainingConfig.PREFIX)
                || !given.withoutPath("troupe")
                        .withoutPath("akka")
                        .withoutPath("kamon")
                        .isEmpty();
    }

    /** The process of the command is a trainer node, too. */
    private String trainCommand(String seed, boolean trains) {
        return "./troupe train " + (trains ? configOptions.arguments() : "--config FILE") + " -D mesh.nodes="
                + (count - evaluationNodes + 1) + " -D "
                + ConfigOptions.quoted("akka.cluster.seed-nodes=[\"" + seed + "\"]");
    }

    private int watch(ClusterProcesses processes, Interruption interruption) {
        while (!interruption.await(INTERVAL)) {
            List<NodeView> views = processes.views();
            show(processes, views);
            if (views.stream().allMatch(view -> view.exitCode() != null)) {
                System.err.println("all nodes have ended");
                return 1;
            }
        }
        return 0;
    }

    private void show(ClusterProcesses processes, List<NodeView> views) {
        boolean changed = !sameBut(views, shown);
        if (json) {
            if (!views.equals(shown)) {
                JsonLine.print(System.out, Map.of("nodes", views));
            }
        } else if (isTerminal() && !views.equals(shown)) {
            redraw(ClusterTable.lines(views));
        } else if (changed) {
            ClusterTable.lines(views).forEach(System.err::println);
        }
        for (NodeView view : views) {
            boolean ended = view.exitCode() != null;
            boolean known = shown.stream().anyMatch(old -> old.number() == view.number() && old.exitCode() != null);
            if (ended && !known) {
                linesShown = 0; // the table goes on below this line
                System.err.println("node " + view.number() + " has ended (code " + view.exitCode() + "): see "
                        + processes.log(view.number()));
            }
        }
        shown = views;
    }

    private static boolean sameBut(List<NodeView> views, List<NodeView> before) {
        return views.size() == before.size()
                && views.stream().allMatch(view -> view.looksLike(before.get(view.number() - 1)));
    }

    private static boolean isTerminal() {
        return Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
    }

    private void redraw(List<String> lines) {
        StringBuilder text = new StringBuilder();
        if (linesShown > 0) {
            text.append("\u001b[").append(linesShown).append('A');
        }
        lines.forEach(line -> text.append("\u001b[2K").append(line).append('\n'));
        System.err.print(text);
        linesShown = lines.size();
    }
}
