/**
 * The actor that serves one model: requests come in by {@link dev.troupe.actors.serving.ReplicaProtocol}, the
 * {@link dev.troupe.actors.serving.batch.SchedulingPolicy} decides each step, an
 * {@link dev.troupe.actors.serving.engine.Engine} computes it on the compute dispatcher, and
 * {@link dev.troupe.actors.serving.GenerationEvent}s go out.
 */
@NullMarked
package dev.troupe.actors.serving.replica;

import org.jspecify.annotations.NullMarked;
