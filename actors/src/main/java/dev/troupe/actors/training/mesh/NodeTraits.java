package dev.troupe.actors.training.mesh;

import dev.troupe.actors.wire.WireMessage;

/**
 * What a trainer node says of the machine that it is on.
 *
 * @param zone rack or zone of the machine; empty when it was not configured
 * @param processors that the node may use
 */
public record NodeTraits(String zone, int processors) implements WireMessage {
    /** Those of this machine. */
    public static NodeTraits here(String zone) {
        return new NodeTraits(zone, Runtime.getRuntime().availableProcessors());
    }
}
