/**
 * What a model needs to be trained by several ranks: the mesh and its axes, the operations among the ranks of an axis,
 * and which part of each parameter a rank holds. How bytes travel is said elsewhere: layers see a
 * {@link dev.troupe.model.parallel.Communicator} only.
 */
@NullMarked
package dev.troupe.model.parallel;

import org.jspecify.annotations.NullMarked;
