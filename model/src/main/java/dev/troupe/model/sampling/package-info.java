/**
 * From logits to tokens: sampling with controls, log-probabilities, and the counter-based random numbers that make both
 * reproducible. Reads logits of {@link dev.troupe.model.tensor.Tensor}s; writes nothing.
 */
@NullMarked
package dev.troupe.model.sampling;

import org.jspecify.annotations.NullMarked;
