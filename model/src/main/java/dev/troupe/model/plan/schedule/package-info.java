/**
 * A step of a pipeline as a discrete-event simulation: which pass a stage runs next is given by a schedule (1F1B or
 * interleaved), when it can is decided by what has arrived. It reads times of passes, transfers and reductions, and
 * gives the time of the step and where it went. The formulas of {@link dev.troupe.model.plan.PipelineFormula} are held
 * against it.
 */
@NullMarked
package dev.troupe.model.plan.schedule;

import org.jspecify.annotations.NullMarked;
