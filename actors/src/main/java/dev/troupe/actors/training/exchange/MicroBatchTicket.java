package dev.troupe.actors.training.exchange;

import dev.troupe.actors.wire.WireMessage;

/**
 * Stands for the tokens of a micro-batch, until it is released.
 *
 * @param microBatch index from the start of the run
 * @param slot buffer that holds it
 */
public record MicroBatchTicket(long microBatch, int slot) implements WireMessage {}
