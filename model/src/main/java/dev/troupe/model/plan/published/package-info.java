/**
 * What others published of trainings that they ran, beside what the planner says of the same: reads its formulas and
 * models, gives rows to print and to test.
 */
@NullMarked
package dev.troupe.model.plan.published;

import org.jspecify.annotations.NullMarked;
