package dev.troupe.deploy.chaos;

import dev.troupe.deploy.cli.UpCommand;
import dev.troupe.deploy.cluster.ChildJvm;
import dev.troupe.deploy.cluster.StatusClient;
import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Nodes on loopback, each a JVM that may be killed: one runs {@code troupe train}, the others {@code troupe up}. This
 * process is no node. Used by one thread.
 */
final class ChaosCluster implements AutoCloseable {
    private static final String HOST = "127.0.0.1";

    private final Path folder;
    private final List<Node> nodes = new ArrayList<>();
    private final List<Node> still = new ArrayList<>(); // or awake again, but no members
    private final StatusClient client = new StatusClient();
    private int started;

    /** A cluster without nodes; their logs go to {@code folder}. */
    ChaosCluster(Path folder) {
        this.folder = folder;
    }

    /**
     * A node.
     *
     * @param name in the cluster
     * @param metricsPort where it says its status; 0 for one that does not
     * @param trains whether the process is the command that begins the run
     */
    record Node(String name, ChildJvm jvm, int metricsPort, boolean trains) {
        /** Whether it says that it is a member; {@code train} does not say so. */
        boolean isMember() {
            try {
                return trains || Files.readString(jvm.log()).contains(UpCommand.TRAINER);
            } catch (IOException e) {
                throw new TroupeException("cannot read " + jvm.log() + ": " + e, e);
            }
        }
    }

    /** Nodes that nobody has killed. */
    List<Node> nodes() {
        return List.copyOf(nodes);
    }

    /** Starts the node that begins the run, before all others. */
    void startTraining(Path config, Path run) {
        int port = ChildJvm.freePort();
        start(
                port,
                0,
                List.of(
                        "train",
                        "--config",
                        config.toString(),
                        "--out",
                        run.toString(),
                        "-D",
                        "akka.remote.artery.canonical.port=" + port));
    }

    /** Starts a node that joins those that are there. */
    void startNode() {
        int port = ChildJvm.freePort();
        int metricsPort = ChildJvm.freePort();
        String seeds = nodes.stream()
                .map(node -> "\"akka://" + node.name() + "\"")
                .collect(Collectors.joining(", ", "[", "]"));
        Path config = folder.resolve("node-" + started + ".conf");
        try {
            Files.writeString(config, """
                    troupe.node { roles = [trainer], directory = "%s", metricsPort = %d }
                    akka.remote.artery.canonical.port = %d
                    akka.cluster.seed-nodes = %s
                    akka.coordinated-shutdown.exit-jvm = on
                    """.formatted(folder.resolve("node-" + started), metricsPort, port, seeds));
        } catch (IOException e) {
            throw new TroupeException("cannot write " + config + ": " + e, e);
        }
        start(port, metricsPort, List.of("up", "--config", config.toString()));
    }

    private void start(int port, int metricsPort, List<String> arguments) {
        Path log = folder.resolve("node-" + started + ".log");
        nodes.add(
                new Node("troupe@" + HOST + ":" + port, ChildJvm.start(log, arguments), metricsPort, metricsPort == 0));
        started++;
    }

    /** Kills a node, with SIGKILL. */
    void kill(Node node) {
        node.jvm().kill();
        nodes.remove(node);
    }

    /** Has a node stand still, as if its machine were suspended. */
    void pause(Node node) {
        node.jvm().signal("STOP");
        nodes.remove(node);
        still.add(node);
    }

    /** Whether a node says that this one is no member of the cluster any more. */
    boolean isRemoved(Node node) {
        String address = "akka://" + node.name();
        return nodes.stream()
                .filter(other -> other.metricsPort() > 0)
                .flatMap(other -> client.ask(other.metricsPort()).join().stream())
                .anyMatch(status -> !status.members().isEmpty()
                        && status.members().stream()
                                .noneMatch(member -> member.address().equals(address)));
    }

    /** Has a node that stood still go on. */
    void wake(Node node) {
        node.jvm().signal("CONT");
    }

    /** Whether all nodes that stood still have ended, as they must when the cluster goes on without them. */
    boolean haveLateOnesEnded() {
        return still.stream().noneMatch(node -> node.jvm().isAlive());
    }

    /** Nodes that have ended by themselves, which are forgotten. */
    List<Node> ended() {
        List<Node> ended = nodes.stream().filter(node -> !node.jvm().isAlive()).toList();
        nodes.removeAll(ended);
        return ended;
    }

    @Override
    public void close() {
        client.close();
        nodes().forEach(this::kill);
        still.forEach(node -> node.jvm().kill());
    }
}
