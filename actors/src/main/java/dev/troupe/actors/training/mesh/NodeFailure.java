package dev.troupe.actors.training.mesh;

import dev.troupe.actors.wire.WireMessage;

/**
 * A node with ranks was lost, or failed while all others were there.
 *
 * @param node its identity ({@link NodeTraits#identity})
 * @param atMillis since 1970
 */
public record NodeFailure(String node, long atMillis) implements WireMessage {}
