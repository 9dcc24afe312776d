/**
 * The run that a cluster trains: who leads it, and who takes it over. Reads and writes the decisions in the run's
 * directory; starts {@link dev.troupe.actors.training.TrainingCoordinator}.
 */
@NullMarked
package dev.troupe.actors.training.cluster;

import org.jspecify.annotations.NullMarked;
