/**
 * What a training run needs on machines that are not at hand: memory of a device, time of a step, traffic of each axis
 * of the mesh, and the mesh that is fastest. Pure functions of numbers: reads no files, starts no threads. Simulations
 * of the schedule and of failures, in {@code schedule} and {@code failure}, back the formulas; {@code published}
 * compares them with what others measured.
 *
 * <p>Letters as in arXiv:2205.05198: {@code s} sequence length, {@code b} micro-batch size, {@code h} hidden size,
 * {@code a} heads, {@code L} layers, {@code V} vocabulary; {@code d}, {@code t}, {@code p} data, tensor and pipeline
 * parallel sizes, {@code v} model chunks of a pipeline stage, {@code m} micro-batches of a step.
 */
@NullMarked
package dev.troupe.model.plan;

import org.jspecify.annotations.NullMarked;
