/**
 * Training as a set of actors. {@link dev.troupe.actors.training.TrainingCoordinator} drives each step through its
 * children: {@code data} reads micro-batches ahead, {@code stage} computes loss and gradients, {@code optim} updates
 * the weights, {@code checkpoint} saves them and {@code eval} measures them while training goes on. Tensors stay where
 * they are; messages carry tickets ({@code exchange}). Reads token shards, writes checkpoints and metrics to a run
 * directory.
 */
@NullMarked
package dev.troupe.actors.training;

import org.jspecify.annotations.NullMarked;
