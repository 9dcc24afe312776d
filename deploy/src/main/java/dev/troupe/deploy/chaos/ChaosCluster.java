package dev.troupe.deploy.chaos;

import dev.troupe.deploy.cli.UpCommand;
import dev.troupe.deploy.cluster.ChildJvm;
import dev.troupe.deploy.cluster.StatusClient;
import dev.troupe.deploy.node.TroupeNode;
import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Nodes on loopback, each a JVM that something may happen to: one runs {@code troupe train}, the others {@code troupe
 * up}. This process is no node. Used by one thread.
 */
final class ChaosCluster implements AutoCloseable {
    private static final String HOST = "127.0.0.1";

    private final Path folder;
    private final @Nullable RelayedNetwork network; // null when nodes talk directly
    private final List<Node> nodes = new ArrayList<>();
    private final List<Late> out = new ArrayList<>(); // of reach, or not back yet
    private final StatusClient client = new StatusClient();
    private int started;

    /**
     * A cluster without nodes; their logs go to {@code folder}.
     *
     * @param canBeCut whether nodes can be cut off; what they say goes through this process then
     */
    ChaosCluster(Path folder, boolean canBeCut) {
        this.folder = folder;
        network = canBeCut ? new RelayedNetwork() : null;
    }

    /**
     * A node.
     *
     * @param name in the cluster
     * @param number from 0, in the order in which they were started
     * @param metricsPort where it says its status; 0 for one that does not
     * @param trains whether the process is the command that begins the run
     */
    record Node(String name, int number, ChildJvm jvm, int metricsPort, boolean trains) {
        /** Whether it says that it is a member, since it last began; {@code train} does not say so. */
        boolean isMember() {
            String said = said();
            return trains
                    || said.substring(Math.max(0, said.lastIndexOf(TroupeNode.AGAIN)))
                            .contains(UpCommand.TRAINER);
        }

        /** How often it has begun again. */
        int timesAgain() {
            return said().split(Pattern.quote(TroupeNode.AGAIN), -1).length - 1;
        }

        private String said() {
            try {
                return Files.readString(jvm.log());
            } catch (IOException e) {
                throw new TroupeException("cannot read " + jvm.log() + ": " + e, e);
            }
        }
    }

    /**
     * A node out of reach, which the cluster removes.
     *
     * @param timesAgain how often it had begun again before
     */
    private record Late(Node node, int timesAgain) {
        /** Whether it knows that it was removed; the one that watches the run may have seen its end, too. */
        boolean hasNoticed() {
            return node.timesAgain() > timesAgain
                    || (node.trains() && node.jvm().hasEndedWell());
        }
    }

    /** Nodes that nobody has killed. */
    List<Node> nodes() {
        return List.copyOf(nodes);
    }

    /** How often each of {@link #nodes} has begun again. */
    Map<Node, Integer> timesAgain() {
        return nodes.stream().collect(Collectors.toMap(Function.identity(), Node::timesAgain));
    }

    /**
     * Starts the node that begins the run, before all others.
     *
     * @param nodes that the run waits for
     */
    void startTraining(Path config, Path run, int nodes) {
        int port = ChildJvm.freePort();
        List<String> arguments = new ArrayList<>(
                List.of("train", "--config", config.toString(), "--out", run.toString(), "-D", "mesh.nodes=" + nodes));
        addresses(port).forEach((key, value) -> arguments.addAll(List.of("-D", key + "=" + value)));
        start(port, 0, arguments);
    }

    /** Starts nodes until there are so many. */
    void fill(int wanted) {
        while (nodes.size() < wanted) {
            startNode();
        }
    }

    /** Starts a node that joins those that are there. */
    private void startNode() {
        int port = ChildJvm.freePort();
        int metricsPort = ChildJvm.freePort();
        String seeds = nodes.stream()
                .map(node -> "\"akka://" + node.name() + "\"")
                .collect(Collectors.joining(", ", "[", "]"));
        Path config = folder.resolve("node-" + started + ".conf");
        try {
            Files.writeString(
                    config,
                    """
                    troupe.node { roles = [trainer], directory = "%s", metricsPort = %d }
                    akka.cluster.seed-nodes = %s
                    """.formatted(folder.resolve("node-" + started), metricsPort, seeds)
                            + addresses(port).entrySet().stream()
                                    .map(key -> key.getKey() + " = \"" + key.getValue() + "\"\n")
                                    .collect(Collectors.joining()));
        } catch (IOException e) {
            throw new TroupeException("cannot write " + config + ": " + e, e);
        }
        start(port, metricsPort, List.of("up", "--config", config.toString()));
    }

    /** Where the next node listens and by what others reach it. */
    private Map<String, String> addresses(int port) {
        Map<String, String> keys = new LinkedHashMap<>();
        keys.put("akka.remote.artery.canonical.port", Integer.toString(port));
        if (network != null) {
            String own = RelayedNetwork.address(started);
            int dataPort = ChildJvm.freePort();
            network.relay(port, own);
            network.relay(dataPort, own);
            keys.put("akka.remote.artery.bind.hostname", own);
            keys.put("akka.remote.artery.advanced.tcp.outbound-client-hostname", own);
            keys.put("troupe.node.data.port", Integer.toString(dataPort));
            keys.put("troupe.node.data.bindHost", own);
        }
        return keys;
    }

    private void start(int port, int metricsPort, List<String> arguments) {
        Path log = folder.resolve("node-" + started + ".log");
        nodes.add(new Node(
                "troupe@" + HOST + ":" + port, started, ChildJvm.start(log, arguments), metricsPort, metricsPort == 0));
        started++;
    }

    /** Has something happen to a node, which is one of {@link #nodes} no more, unless it comes back. */
    void disturb(Node node, Fault fault) {
        nodes.remove(node);
        if (fault != Fault.KILL) {
            out.add(new Late(node, node.timesAgain()));
        }
        switch (fault) {
            case KILL -> node.jvm().kill();
            case PAUSE -> node.jvm().signal("STOP");
            case PARTITION -> network().cutOff(RelayedNetwork.address(node.number()));
        }
    }

    /** Ends what {@link #disturb} has begun; a node that was killed stays away. */
    void release(Node node, Fault fault) {
        switch (fault) {
            case KILL -> {}
            case PAUSE -> node.jvm().signal("CONT");
            case PARTITION -> network().reconnect(RelayedNetwork.address(node.number()));
        }
    }

    private RelayedNetwork network() {
        if (network == null) {
            throw new IllegalStateException("nodes of this cluster cannot be cut off");
        }
        return network;
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

    /**
     * Whether all nodes that were out of reach have begun again, as they must when the cluster goes on without them.
     */
    boolean haveLateOnesNoticed() {
        return out.stream().allMatch(Late::hasNoticed);
    }

    /** Nodes that were out of reach, and are members again: more than there were. */
    List<Node> takeBack() {
        List<Late> back = out.stream()
                .filter(late -> late.hasNoticed()
                        && late.node().jvm().isAlive()
                        && late.node().isMember())
                .toList();
        out.removeAll(back);
        List<Node> returned = back.stream().map(Late::node).toList();
        nodes.addAll(returned);
        return returned;
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
        nodes.forEach(node -> node.jvm().kill());
        out.forEach(late -> late.node().jvm().kill());
        if (network != null) {
            network.close();
        }
    }
}
