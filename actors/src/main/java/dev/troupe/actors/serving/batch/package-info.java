/**
 * Continuous batching: which tokens of which sequences the next forward pass computes. Everything here is pure and used
 * by one thread at a time: a replica's session has a {@link dev.troupe.actors.serving.batch.SchedulingPolicy}, touches
 * it under its lock only, and hands its {@link dev.troupe.actors.serving.batch.ScheduledBatch}es to an
 * {@link dev.troupe.actors.serving.engine.Engine}.
 */
@NullMarked
package dev.troupe.actors.serving.batch;

import org.jspecify.annotations.NullMarked;
