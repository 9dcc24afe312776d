/**
 * The actor that serves one model, and the thread on which its steps follow each other: requests come to the actor by
 * {@link dev.troupe.actors.serving.ReplicaProtocol}. On the thread the
 * {@link dev.troupe.actors.serving.batch.SchedulingPolicy} decides each step, an
 * {@link dev.troupe.actors.serving.engine.Engine} computes it, and {@link dev.troupe.actors.serving.GenerationEvent}s
 * go out. What both touch is under the lock of the session (docs/adr/0013-step-loop.md).
 */
@NullMarked
package dev.troupe.actors.serving.replica;

import org.jspecify.annotations.NullMarked;
