/**
 * AdamW over a flat range of parameters, its moments, the learning-rate schedule and gradient clipping. Reads
 * gradients, writes weights and moments.
 */
@NullMarked
package dev.troupe.model.optim;

import org.jspecify.annotations.NullMarked;
