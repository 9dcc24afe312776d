package dev.troupe.deploy.cluster;

import dev.troupe.deploy.node.NodeData;
import dev.troupe.deploy.node.NodeEvaluation;
import dev.troupe.deploy.node.NodeTraining;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Nodes as lines for people. */
public final class ClusterTable {
    private static final String FORMAT = "%4s  %-8s %-18s %-24s %-7s %-6s %-6s %s";
    private static final int NAMES_OF_CORPUS = 3;

    private ClusterTable() {}

    /** A heading, and a line for each node. */
    public static List<String> lines(List<NodeView> nodes) {
        return Stream.concat(
                        Stream.of(String.format(
                                Locale.ROOT,
                                FORMAT,
                                "node",
                                "pid",
                                "state",
                                "roles",
                                "members",
                                "port",
                                "status",
                                "work")),
                        nodes.stream().map(ClusterTable::line))
                .map(String::stripTrailing)
                .toList();
    }

    private static String line(NodeView node) {
        return String.format(
                Locale.ROOT,
                FORMAT,
                node.number(),
                node.pid(),
                state(node),
                String.join(",", node.roles()),
                node.members() == 0 ? "-" : node.members(),
                node.address().substring(node.address().lastIndexOf(':') + 1),
                node.metricsPort(),
                work(node));
    }

    /** With the names of its run and its part of the tokens: the end of the path. */
    private static String corpus(String folder) {
        Path path = Path.of(folder);
        int names = path.getNameCount();
        return path.subpath(Math.max(0, names - NAMES_OF_CORPUS), names).toString();
    }

    private static String state(NodeView node) {
        Integer code = node.exitCode();
        if (code != null) {
            return code == 128 + 9 ? "ended (killed)" : "ended (code " + code + ")";
        }
        return node.unreachable().isEmpty()
                ? node.state()
                : node.state() + ", misses " + node.unreachable().size();
    }

    private static String work(NodeView node) {
        StringBuilder work = new StringBuilder();
        Integer http = node.httpPort();
        if (http != null) {
            work.append("http://127.0.0.1:").append(http).append(' ');
        }
        NodeTraining training = node.training();
        if (training != null && training.run() != null) {
            work.append("run ").append(training.run());
            work.append(training.ranks().isEmpty() ? ": copies only" : ": ranks ");
            work.append(training.ranks().stream().map(String::valueOf).collect(Collectors.joining(",")));
            work.append(" at step ").append(training.step());
        }
        NodeEvaluation evaluation = node.evaluation();
        if (evaluation != null && evaluation.model() != null) {
            work.append("evaluates ").append(Path.of(evaluation.model()).getFileName());
        }
        NodeData data = node.data();
        if (data != null && !data.folders().isEmpty()) {
            work.append(work.isEmpty() ? "" : " ").append("gives tokens of ");
            work.append(data.folders().stream().map(ClusterTable::corpus).collect(Collectors.joining(", ")));
        }
        return work.toString();
    }
}
