package dev.troupe.deploy.cluster;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigRenderOptions;
import dev.troupe.deploy.node.NodeStatus;
import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Nodes on loopback, each a JVM of its own that runs {@code troupe up}; this process is none of them. The first node
 * begins the cluster, keeps the registry where the configuration asks for one, and has the configuration's ports; the
 * others take any free ones.
 */
public final class ClusterProcesses implements AutoCloseable {
    private static final String HOST = "127.0.0.1";
    private static final String ROLES = "troupe.node.roles";
    private static final Config EVALUATION = ConfigFactory.parseMap(Map.of(ROLES, List.of("eval")));

    private record Node(
            int number,
            ChildJvm jvm,
            String address,
            int metricsPort,
            @Nullable Integer httpPort,
            List<String> roles) {}

    private final StatusClient client = new StatusClient();
    private final List<Node> nodes = new ArrayList<>();
    private final Map<Integer, NodeStatus> latest = new LinkedHashMap<>();

    private ClusterProcesses() {}

    /**
     * Starts nodes; they are members some seconds later.
     *
     * @param evaluationNodes how many, the last ones, only evaluate checkpoints
     * @param config of all of them; a node without roles is a trainer
     * @param folder gets their configurations and logs
     * @throws TroupeException when a process cannot be started
     */
    public static ClusterProcesses start(int count, int evaluationNodes, Config config, Path folder) {
        ClusterProcesses processes = new ClusterProcesses();
        try {
            Files.createDirectories(folder);
            for (int number = 1; number <= count; number++) {
                Config own = number > count - evaluationNodes ? EVALUATION.withFallback(config) : config;
                processes.nodes.add(processes.startNode(number, own, folder));
            }
            return processes;
        } catch (IOException e) {
            processes.close();
            throw new TroupeException("the configurations of nodes cannot be written to " + folder + ": " + e, e);
        } catch (RuntimeException e) {
            processes.close();
            throw e;
        }
    }

    private Node startNode(int number, Config config, Path folder) throws IOException {
        boolean first = number == 1;
        List<String> roles = new ArrayList<>(config.hasPath(ROLES) ? config.getStringList(ROLES) : List.of("trainer"));
        if (!first) {
            roles.remove("registry"); // one node has its files
        }
        int akkaPort = ChildJvm.freePort();
        int metricsPort = ChildJvm.freePort();
        boolean routes = roles.contains("router");
        Integer httpPort = routes ? port(config, "troupe.routing.http.port", first) : null;
        String name = config.hasPath("troupe.node.name") ? config.getString("troupe.node.name") : "troupe";
        String address = "akka://" + name + "@" + HOST + ":" + akkaPort;
        Map<String, Object> own = new LinkedHashMap<>();
        own.put(ROLES, roles);
        own.put("troupe.node.metricsPort", metricsPort);
        own.put("akka.remote.artery.canonical.port", akkaPort);
        own.put(
                "akka.cluster.seed-nodes",
                first ? List.of() : List.of(nodes.getFirst().address()));
        if (!config.hasPath("troupe.node.directory")) {
            own.put("troupe.node.directory", folder.resolve("node-" + number).toString());
        }
        if (httpPort != null) {
            own.put("troupe.routing.http.port", httpPort);
            own.put("troupe.routing.grpc.port", port(config, "troupe.routing.grpc.port", first));
        }
        Path file = folder.resolve("node-" + number + ".conf");
        Files.writeString(
                file,
                ConfigFactory.parseMap(own)
                        .withFallback(config)
                        .root()
                        .render(ConfigRenderOptions.defaults()
                                .setOriginComments(false)
                                .setJson(false)));
        ChildJvm jvm =
                ChildJvm.start(folder.resolve("node-" + number + ".log"), List.of("up", "--config", file.toString()));
        return new Node(number, jvm, address, metricsPort, httpPort, List.copyOf(roles));
    }

    private static int port(Config config, String key, boolean configured) {
        return configured && config.hasPath(key) && config.getInt(key) > 0 ? config.getInt(key) : ChildJvm.freePort();
    }

    /** The address of the first node, which others join by. */
    public String seed() {
        return nodes.getFirst().address();
    }

    /** Where the first node serves the curve of the run that it has a part in, as JSON. */
    public String curveUrl() {
        return StatusClient.uri(nodes.getFirst().metricsPort(), "/run").toString();
    }

    /** All nodes as they are now; waits two seconds for those that stand still. */
    public List<NodeView> views() {
        List<CompletableFuture<NodeView>> asked = nodes.stream().map(this::ask).toList();
        return asked.stream().map(CompletableFuture::join).toList();
    }

    private CompletableFuture<NodeView> ask(Node node) {
        if (!node.jvm().isAlive()) {
            return CompletableFuture.completedFuture(view(node, "ended"));
        }
        return client.ask(node.metricsPort()).thenApply(answer -> {
            if (answer.isEmpty()) {
                return view(node, latest(node) != null ? "silent" : "starting");
            }
            NodeStatus status = answer.get();
            synchronized (latest) {
                latest.put(node.number(), status);
            }
            return view(node, status.members().isEmpty() ? "joining" : status.status());
        });
    }

    private NodeView view(Node node, String state) {
        boolean ended = state.equals("ended");
        NodeStatus status = ended ? null : latest(node);
        return new NodeView(
                node.number(),
                node.jvm().process().pid(),
                state,
                ended ? node.jvm().process().exitValue() : null,
                node.address(),
                node.metricsPort(),
                node.httpPort(),
                node.roles(),
                status == null ? 0 : status.members().size(),
                status == null ? List.of() : status.unreachable(),
                status == null ? null : status.trainer(),
                status == null ? null : status.evaluation(),
                status == null ? null : status.data());
    }

    private @Nullable NodeStatus latest(Node node) {
        synchronized (latest) {
            return latest.get(node.number());
        }
    }

    /** Where a node's output is. */
    public Path log(int number) {
        return nodes.get(number - 1).jvm().log();
    }

    @Override
    public void close() {
        ChildJvm.stop(nodes.stream().map(Node::jvm).toList());
        client.close();
    }
}
