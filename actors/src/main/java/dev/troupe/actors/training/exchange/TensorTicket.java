package dev.troupe.actors.training.exchange;

import dev.troupe.actors.wire.WireMessage;

/**
 * Stands for tensors in a message.
 *
 * @param name such as "weights/0" or "moments/0": what, and of which stage or shard
 */
public record TensorTicket(String runId, String name) implements WireMessage {}
