package dev.troupe.deploy.cluster;

import akka.cluster.MemberStatus;
import akka.cluster.typed.Cluster;
import com.typesafe.config.ConfigFactory;
import dev.troupe.deploy.node.TroupeNode;
import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;

/**
 * Trainer nodes on loopback: this process is the first, the others are JVMs that it starts with its own class path and
 * flags ({@code troupe up} with a configuration file). They end with it.
 */
public final class LocalCluster implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(90);
    private static final long POLL_MILLIS = 100;
    /** Numbers are wanted of these nodes, so that a machine with too much to do is no reason to remove one. */
    private static final String PATIENT = "akka.cluster.failure-detector.acceptable-heartbeat-pause = 10 s\n";

    private final Path folder;
    private final TroupeNode first;
    private final List<ChildJvm> children = new ArrayList<>();

    private LocalCluster(Path folder, TroupeNode first) {
        this.folder = folder;
        this.first = first;
    }

    /**
     * Starts the first node; {@link #grow} starts more.
     *
     * @param folder gets the nodes' configurations and logs
     */
    public static LocalCluster start(Path folder) {
        TroupeNode node = TroupeNode.start(ConfigFactory.parseMap(Map.of(
                        "troupe.node.roles", List.of("trainer"),
                        "troupe.node.directory", folder.resolve("node-0").toString(),
                        "troupe.node.metricsPort", -1))
                .withFallback(ConfigFactory.parseString(PATIENT)));
        LocalCluster cluster = new LocalCluster(folder, node);
        node.startTrainer();
        return cluster;
    }

    /** The node of this process. */
    public TroupeNode first() {
        return first;
    }

    /**
     * Starts nodes until there are {@code nodes}, and waits until they are members.
     *
     * @throws TroupeException when a node ends, or is no member after 90 s
     */
    public void grow(int nodes) {
        while (children.size() + 1 < nodes) {
            children.add(startChild(children.size() + 1));
        }
        long end = System.nanoTime() + START.toNanos();
        while (members() < nodes) {
            for (int i = 0; i < children.size(); i++) {
                if (!children.get(i).isAlive()) {
                    throw new TroupeException("node " + (i + 1) + " ended: see " + log(i + 1));
                }
            }
            if (System.nanoTime() > end) {
                throw new TroupeException("there are " + members() + " of " + nodes + " nodes after "
                        + START.toSeconds() + " s: see the logs in " + folder);
            }
            pause();
        }
    }

    private long members() {
        return StreamSupport.stream(
                        Cluster.get(first.system()).state().getMembers().spliterator(), false)
                .filter(member -> member.status().equals(MemberStatus.up()))
                .count();
    }

    private ChildJvm startChild(int number) {
        Path config = folder.resolve("node-" + number + ".conf");
        try {
            Files.writeString(config, childConfig(number));
        } catch (IOException e) {
            throw new TroupeException("cannot write " + config + ": " + e, e);
        }
        return ChildJvm.start(log(number), List.of("up", "--config", config.toString()));
    }

    private String childConfig(int number) {
        return """
                troupe.node { roles = [trainer], directory = "%s", metricsPort = -1 }
                akka.cluster.seed-nodes = ["%s"]
                """.formatted(
                                folder.resolve("node-" + number),
                                Cluster.get(first.system()).selfMember().address())
                + PATIENT;
    }

    private Path log(int number) {
        return folder.resolve("node-" + number + ".log");
    }

    private static void pause() {
        try {
            Thread.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TroupeException("interrupted while nodes start", e);
        }
    }

    @Override
    public void close() {
        ChildJvm.stop(children);
        first.close();
    }
}
