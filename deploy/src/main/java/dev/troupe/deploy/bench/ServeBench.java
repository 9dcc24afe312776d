package dev.troupe.deploy.bench;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.serving.engine.DirectoryLoader;
import dev.troupe.actors.serving.engine.Engine;
import dev.troupe.actors.serving.engine.EngineSettings;
import dev.troupe.actors.serving.replica.ReplicaSettings;
import dev.troupe.actors.serving.replica.ReuseSettings;
import dev.troupe.deploy.node.TroupeNode;
import dev.troupe.model.TroupeException;
import dev.troupe.model.chat.ChatTemplate;
import dev.troupe.routing.Bindings;
import dev.troupe.routing.RoutingConfig;
import dev.troupe.routing.generate.Generator;
import dev.troupe.safety.filter.RuleFilter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How a model is served under load: by the bare engine, by that behind a bare socket, by a replica's actor, through the
 * router, and over HTTP, all with the same weights in the same memory, in turns. Greedy answers of fixed length to
 * random prompts. Only ratios within a run say much: machines drift.
 */
public final class ServeBench {
    private static final String ENGINE = "engine";
    private static final String SOCKET = "socket";
    private static final String REPLICA = "replica";
    private static final String ROUTER = "router";
    private static final String HTTP = "http";

    /** From the bottom up. */
    public static final List<String> LEVELS = List.of(ENGINE, SOCKET, REPLICA, ROUTER, HTTP);

    /** What each is compared with, where that is measured, too: all that has fewer of the same layers. */
    private static final Map<String, List<String>> BESIDE = Map.of(
            SOCKET, List.of(ENGINE),
            REPLICA, List.of(ENGINE),
            ROUTER, List.of(REPLICA, ENGINE),
            HTTP, List.of(ROUTER, REPLICA, SOCKET, ENGINE));

    private static final int PREFIX_TOKENS = 512;
    private static final int REPETITIVE_ANSWER = 128;

    /** What was asked, and everything that was measured, on so many processors. */
    public record Report(
            String model,
            int processors,
            ServeLevels.Load load,
            List<ServeLevels.Row> rows,
            List<ServeLevels.Overhead> overheads,
            ReuseBench.Prefix prefix,
            ReuseBench.Speculation speculation,
            MemoryUse memory) {}

    private final Path model;
    private final Config config;
    private final ReplicaSettings settings;
    private final ServeLevels.Load load;

    private ServeBench(Path model, Config config, ServeLevels.Load load) {
        this.model = model;
        this.config = config.withFallback(ConfigFactory.load());
        this.settings = ReplicaSettings.from(this.config);
        this.load = load;
    }

    /**
     * Measures.
     *
     * @param model file or directory
     * @param config overrides, such as {@code troupe.serving.decode}
     * @param levels which ones to measure, of {@link #LEVELS}
     * @throws TroupeException when the model cannot be served, or its context is too short for the load
     */
    public static Report run(Path model, Config config, ServeLevels.Load load, Set<String> levels) {
        if (!Files.exists(model)) {
            throw new TroupeException("there is no model " + model);
        }
        return new ServeBench(model, config, load).run(levels);
    }

    private Report run(Set<String> wanted) {
        try (Engine loaded = loader(settings.engine()).load()) {
            WatchedEngine engine = new WatchedEngine(loaded);
            int context = engine.description().contextLength();
            if (context < load.numPrompt() + load.numAnswer()) {
                throw new TroupeException("the context is " + context + " tokens: ask for shorter prompts and answers");
            }
            ServeLevels levels = Set.of(ENGINE, SOCKET).containsAll(wanted)
                    ? measured(engine, Map.of(), wanted)
                    : withNode(engine, wanted);
            ReuseBench reuse = new ReuseBench(settings, engine.description().vocabSize());
            ReuseBench.Prefix prefix = reuse.prefix(engine, Math.min(PREFIX_TOKENS, context / 2));
            // Before guessing, which may load the model a second time.
            MemoryUse memory = MemoryUse.of(model, settings.engine().kvCacheBytes());
            return new Report(
                    model.getFileName().toString(),
                    Runtime.getRuntime().availableProcessors(),
                    load,
                    levels.rows(),
                    levels.overheads(),
                    prefix,
                    speculation(reuse, engine, Math.min(REPETITIVE_ANSWER, context / 4)),
                    memory);
        }
    }

    private ReuseBench.Speculation speculation(ReuseBench reuse, Engine engine, int numAnswer) {
        if (!settings.reuse().draftModel()) {
            return reuse.speculation(engine, engine, numAnswer);
        }
        try (Engine alone = loader(settings.engine().withoutDraft()).load()) {
            return reuse.speculation(alone, engine, numAnswer);
        }
    }

    private DirectoryLoader loader(EngineSettings engine) {
        return new DirectoryLoader(engine, "bench", ChatTemplate.AUTO, model);
    }

    private ServeLevels measured(WatchedEngine engine, Map<String, LoadTarget> above, Set<String> wanted) {
        Map<String, LoadTarget> levels = new LinkedHashMap<>();
        ReuseSettings reuse = new ReuseSettings(
                true, settings.reuse().maxDraft(), settings.reuse().draftModel());
        LoadRequest request = request(engine);
        EngineTarget bare = new EngineTarget(settings, engine, reuse, request);
        try (@Nullable SocketTarget socket = wanted.contains(SOCKET) ? new SocketTarget(bare.newLoop(), request) : null) {
            levels.put(ENGINE, bare);
            if (socket != null) {
                levels.put(SOCKET, socket);
            }
            levels.putAll(above);
            levels.keySet().retainAll(wanted);
            ServeLevels measured = new ServeLevels(load, levels, BESIDE, engine);
            measured.run();
            return measured;
        }
    }

    private static LoadRequest request(Engine engine) {
        return LoadRequest.forPlainText(engine.description().tokenizer().tokenizer());
    }

    private ServeLevels withNode(WatchedEngine engine, Set<String> wanted) {
        Config overrides = ConfigFactory.parseString("""
                        troupe.node { roles = [server, router], metricsPort = -1 }
                        troupe.routing { http.port = 0, grpc.port = 0, apiKeys = [] }
                        troupe.serving.prefixCache = true
                        akka.remote.artery.canonical.port = 0
                        """).withFallback(config);
        LoadRequest request = request(engine);
        String modelId = engine.description().modelId();
        try (TroupeNode node = TroupeNode.start(overrides)) {
            RoutingConfig routing = RoutingConfig.from(node.config());
            Bindings bindings = node.route(routing);
            TroupeNode.Served served = node.serve(ReplicaSettings.from(node.config()), () -> engine);
            node.awaitReady(bindings);
            Generator generator =
                    new Generator(bindings.models(), routing, bindings.router(), RuleFilter.from(node.config()));
            try (HttpTarget http = new HttpTarget(bindings.httpUrl(), modelId, request)) {
                Map<String, LoadTarget> above = new LinkedHashMap<>();
                above.put(REPLICA, new ReplicaTarget(node.system(), served.replica(), request));
                above.put(ROUTER, new RouterTarget(node.system(), generator, modelId, request));
                above.put(HTTP, http);
                return measured(engine, above, wanted);
            }
        }
    }
}
