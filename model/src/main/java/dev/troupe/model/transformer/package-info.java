/**
 * The whole model: where parameters lie and how they start, a training stage (forward and backward of a range of
 * layers) and an inference model over paged keys and values that gives the same bits.
 */
@NullMarked
package dev.troupe.model.transformer;

import org.jspecify.annotations.NullMarked;
