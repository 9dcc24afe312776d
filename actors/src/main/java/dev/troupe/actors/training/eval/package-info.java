/** Held-out loss beside the training. Reads a copy of the weights and held-out token shards. */
@NullMarked
package dev.troupe.actors.training.eval;

import org.jspecify.annotations.NullMarked;
