/**
 * Continuous batching: which tokens of which sequences the next forward pass computes. Everything here is pure and
 * single-threaded; the replica actor owns a {@link dev.troupe.actors.serving.batch.SchedulingPolicy} and hands its
 * {@link dev.troupe.actors.serving.batch.ScheduledBatch}es to an {@link dev.troupe.actors.serving.engine.Engine}.
 */
@NullMarked
package dev.troupe.actors.serving.batch;

import org.jspecify.annotations.NullMarked;
