/**
 * What failures cost a training run, and how often to write checkpoints: in closed form (Young, Daly) and as a
 * simulation that draws failures, loses work and starts again. Both read a
 * {@link dev.troupe.model.plan.failure.FailureModel}.
 */
@NullMarked
package dev.troupe.model.plan.failure;

import org.jspecify.annotations.NullMarked;
