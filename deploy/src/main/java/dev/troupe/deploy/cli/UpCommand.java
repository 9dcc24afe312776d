package dev.troupe.deploy.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.config.KnownKeys;
import dev.troupe.deploy.cluster.ParentWatch;
import dev.troupe.deploy.node.Interruption;
import dev.troupe.deploy.node.MetricsEndpoint;
import dev.troupe.deploy.node.NodeRemovedException;
import dev.troupe.deploy.node.NodeService;
import dev.troupe.deploy.node.Role;
import dev.troupe.deploy.node.RunCurves;
import dev.troupe.deploy.node.TroupeNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code troupe up}: a node that stays until it is interrupted. */
@Command(
        name = "up",
        mixinStandardHelpOptions = true,
        description = "Starts a node with the roles of its configuration; without one, a node that serves the latest"
                + " promoted model of runs/quickstart. Ctrl-C drains and ends it.")
public final class UpCommand implements Callable<Integer> {
    /** How the line begins that says that a trainer node is a member of its cluster; its address comes next. */
    public static final String TRAINER = "trainer node ";

    private static final Duration POLL = Duration.ofMillis(200);
    private static final Logger LOG = LoggerFactory.getLogger(UpCommand.class);

    @Mixin
    private ConfigOptions configOptions = new ConfigOptions();

    @Option(names = "--http-port", paramLabel = "P", description = "0 takes any free one; default 8080")
    private @Nullable Integer httpPort;

    @Option(names = "--grpc-port", paramLabel = "P", description = "0 takes any free one; default 9090")
    private @Nullable Integer grpcPort;

    @Option(
            names = "--model",
            paramLabel = "MODEL|latest",
            description = "a GGUF file or a model directory to serve; default: the configuration's")
    private @Nullable String model;

    @Option(
            names = "--weights",
            paramLabel = "TYPE",
            description =
                    "what the model's matrices are rounded to: stored (not at all, the default), f32, bf16, f16, q8_0,"
                            + " q6_k, q4_k or q4_0")
    private @Nullable String weights;

    @Option(
            names = "--prefill",
            paramLabel = "HOW",
            description =
                    "how prompts are computed: auto (as answers are, the default), exact, bf16, int8 or int8_copy")
    private @Nullable String prefill;

    @Option(
            names = "--decode",
            paramLabel = "HOW",
            description = "how answers are computed: exact; blocks, with activations in eight bits where weights are"
                    + " q8_0, q4_0 or q4_k; int8, with one scale a row; or auto (the default), blocks for models of"
                    + " 67 million weights and more, else exact")
    private @Nullable String decode;

    @Option(
            names = "--kv-cache-type",
            paramLabel = "TYPE",
            description = "what keys and values are rounded to: f32 (not at all, the default), bf16, f16 or q8_0")
    private @Nullable String cacheType;

    @Option(
            names = "--draft-model",
            paramLabel = "MODEL",
            description =
                    "a small model with the same vocabulary that guesses how answers go on: faster, the same bytes")
    private @Nullable Path draftModel;

    @Option(
            names = "--layouts",
            paramLabel = "DIR",
            description =
                    "folder in which weights are kept as kernels read them: the next start needs not lay them out")
    private @Nullable String layouts;

    @Option(names = "--dir", paramLabel = "DIR", description = "folder of the registry; default: runs/quickstart")
    private @Nullable String directory;

    @Override
    public Integer call() {
        ParentWatch.start();
        Config given = configOptions.load();
        KnownKeys.require(
                given.withoutPath("akka").withoutPath("kamon"),
                ConfigFactory.load().withOnlyPath("troupe"));
        Config config = options().withFallback(given);
        return Interruption.guard(interruption -> serve(config, interruption));
    }

    private static int serve(Config config, Interruption interruption) {
        AtomicReference<TroupeNode> node = new AtomicReference<>(TroupeNode.start(config));
        try (MetricsEndpoint metrics = MetricsEndpoint.start(
                node.get().config(), node.get().nodeConfig().metricsPort())) {
            metrics.serve("/status", () -> node.get().status());
            metrics.serve("/run", new RunCurves(() -> node.get().runDirectory()));
            Thread.startVirtualThread(
                    () -> { // a model in parts may wait for other nodes
                        interruption.await();
                        node.get().stopLoading();
                    });
            while (!interruption.isAsked() && isRemoved(node.get(), metrics, interruption)) {
                node.set(node.get().again());
                System.err.println(TroupeNode.AGAIN);
                awaitCluster(node.get(), interruption);
            }
            System.err.println("draining");
        } finally {
            node.get().close();
        }
        System.err.println("stopped");
        return 0;
    }

    /**
     * Does what a node is there for, until the process is asked to end or the cluster has removed the node.
     *
     * @return whether it has, so that the node is to begin again; false when the process is to end
     * @throws NodeRemovedException when the cluster has removed the node, and the process is to end for that
     */
    private static boolean isRemoved(TroupeNode node, MetricsEndpoint metrics, Interruption interruption) {
        try {
            announce(NodeService.start(node), node, metrics);
            interruption.await(trouble(node));
            node.requireNotRemoved(); // or it is Akka that ends the process
            return false;
        } catch (RuntimeException e) {
            boolean removed = isRemoved(node);
            if (removed && node.endsWhenRemoved()) {
                throw e instanceof NodeRemovedException ? e : new NodeRemovedException(e);
            }
            if (!removed && !interruption.isAsked()) {
                throw e;
            }
            LOG.info("what the node was at ends with it", e);
            return !interruption.isAsked();
        }
    }

    private static boolean isRemoved(TroupeNode node) {
        try {
            node.requireNotRemoved();
            return false;
        } catch (NodeRemovedException e) {
            return true;
        }
    }

    /** What a node serves is of no use without its cluster, which may take long to come. */
    private static void awaitCluster(TroupeNode node, Interruption interruption) {
        boolean asked = false;
        while (!asked && node.isOutside() && !isRemoved(node)) {
            asked = interruption.await(POLL);
        }
    }

    /** Completes exceptionally when the node can be of no more use. */
    private static CompletableFuture<Void> trouble(TroupeNode node) {
        CompletableFuture<Void> trouble = new CompletableFuture<>();
        for (CompletableFuture<Void> one : List.of(node.checkOtherKernels(), node.removed())) {
            var _ = one.exceptionally(problem -> {
                trouble.completeExceptionally(
                        problem instanceof CompletionException && problem.getCause() != null
                                ? problem.getCause()
                                : problem);
                return null;
            });
        }
        return trouble;
    }

    private static void announce(NodeService service, TroupeNode node, MetricsEndpoint metrics) {
        service.model()
                .ifPresent(description -> System.err.printf(
                        "serving %s (version %s): %s%n",
                        description.modelId(), description.version(), description.arithmetic()));
        service.bindings()
                .ifPresent(bindings -> System.err.printf(
                        "HTTP %s   gRPC port %d   Ctrl-C stops%n", bindings.httpUrl(), bindings.grpcPort()));
        if (node.nodeConfig().has(Role.TRAINER)) {
            node.whenMember(() -> System.err.printf("%s%s%n", TRAINER, node.address()));
        }
        if (node.nodeConfig().has(Role.EVAL)) {
            node.whenMember(() -> System.err.printf("evaluation node %s%n", node.address()));
        }
        if (node.nodeConfig().has(Role.DATA)) {
            node.whenMember(() -> System.err.printf("data node %s%n", node.address()));
        }
        metrics.url().ifPresent(url -> System.err.printf("metrics %s%n", url));
        if (node.nodeConfig().has(Role.TRAINER) || node.nodeConfig().has(Role.EVAL)) {
            metrics.url("/run").ifPresent(url -> System.err.printf("the run's curve %s%n", url));
        }
    }

    private Config options() {
        Map<String, Object> set = new LinkedHashMap<>();
        CommandLineKeys.put(set, "troupe.routing.http.port", httpPort);
        CommandLineKeys.put(set, "troupe.routing.grpc.port", grpcPort);
        CommandLineKeys.put(set, "troupe.node.model", model);
        CommandLineKeys.put(set, "troupe.node.directory", directory);
        CommandLineKeys.put(set, "troupe.serving.weights", weights);
        CommandLineKeys.put(set, "troupe.serving.prefill", prefill);
        CommandLineKeys.put(set, "troupe.serving.decode", decode);
        CommandLineKeys.put(set, "troupe.serving.kvCacheType", cacheType);
        CommandLineKeys.putDraftModel(set, draftModel);
        CommandLineKeys.put(set, "troupe.serving.layouts", layouts);
        return ConfigFactory.parseMap(set, "command line");
    }
}
