package dev.troupe.deploy.node;

import dev.troupe.actors.registry.Lineage;
import dev.troupe.actors.registry.ModelVersion;
import dev.troupe.actors.serving.ModelDescription;
import dev.troupe.model.chat.ChatTemplate;
import dev.troupe.routing.Bindings;
import dev.troupe.routing.RoutingConfig;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What a node serves and where.
 *
 * @param model what its replica loaded, when it has the server role
 * @param bindings where it listens, when it has the router role
 */
public record NodeService(Optional<ModelDescription> model, Optional<Bindings> bindings) {
    /** How a model outside the registry is prompted: as it says itself. */
    private static final String TEMPLATE = ChatTemplate.AUTO;

    /**
     * Starts what the node's roles ask for and returns when it is ready to answer.
     *
     * @throws dev.troupe.model.TroupeException when no model has been promoted, the model cannot be loaded or a port is
     *     taken
     */
    public static NodeService start(TroupeNode node) {
        NodeConfig config = node.nodeConfig();
        // Ports first: a taken one should be known before a large model is loaded.
        Optional<Bindings> bindings =
                config.has(Role.ROUTER) ? Optional.of(node.route(RoutingConfig.from(node.config()))) : Optional.empty();
        if (config.has(Role.REGISTRY)) {
            node.registry();
        }
        if (config.has(Role.TRAINER)) {
            node.startTrainer();
        }
        if (config.has(Role.EVAL)) {
            node.startEvaluation();
        }
        if (config.has(Role.DATA)) {
            node.startData();
        }
        if (config.has(Role.MEMBER)) {
            node.startMember();
        }
        Optional<ModelDescription> model = config.has(Role.SERVER)
                ? Optional.of(node.serve(isLatest(config) ? node.registry().latest() : unregistered(config)))
                : Optional.empty();
        if (model.isPresent()) {
            bindings.ifPresent(node::awaitReady);
        }
        return new NodeService(model, bindings);
    }

    private static boolean isLatest(NodeConfig config) {
        return config.model().equals(NodeConfig.LATEST);
    }

    private static ModelVersion unregistered(NodeConfig config) {
        Path directory = Path.of(config.model()).toAbsolutePath().normalize();
        String name = directory.getFileName().toString().replaceFirst("\\.gguf$", "");
        Lineage unknown = new Lineage("", directory.toString(), 0, "", "", "", null);
        return new ModelVersion(name, "", directory.toString(), TEMPLATE, unknown);
    }
}
