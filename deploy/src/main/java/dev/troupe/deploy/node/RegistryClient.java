package dev.troupe.deploy.node;

import akka.actor.typed.ActorRef;
import dev.troupe.actors.registry.ModelRegistry;
import dev.troupe.actors.registry.ModelVersion;

/** The model registry, as a command's main thread calls it. Each call waits for the recorded event. */
public final class RegistryClient {
    private final TroupeNode node;
    private final ActorRef<ModelRegistry.Command> registry;

    RegistryClient(TroupeNode node, ActorRef<ModelRegistry.Command> registry) {
        this.node = node;
        this.registry = registry;
    }

    /** Makes a checkpoint known as a version of a model. */
    public ModelVersion register(ModelVersion version) {
        return node.askWithStatus(registry, replyTo -> new ModelRegistry.Register(version, replyTo));
    }

    /** Makes a registered version the one that serves. */
    public ModelVersion promote(ModelVersion version, String reason) {
        return node.askWithStatus(
                registry, replyTo -> new ModelRegistry.Promote(version.modelId(), version.version(), reason, replyTo));
    }

    /** The version that was promoted last, of any model. */
    public ModelVersion latest() {
        return node.askWithStatus(registry, replyTo -> new ModelRegistry.Latest("", replyTo));
    }
}
