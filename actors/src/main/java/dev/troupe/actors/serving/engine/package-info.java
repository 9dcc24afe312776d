/**
 * The compute side of a replica: takes {@link dev.troupe.actors.serving.batch.ScheduledBatch}es, runs the model and
 * samples. Knows nothing of queues, clients or actors.
 */
@NullMarked
package dev.troupe.actors.serving.engine;

import org.jspecify.annotations.NullMarked;
