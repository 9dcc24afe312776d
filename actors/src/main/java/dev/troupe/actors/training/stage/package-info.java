/**
 * Loss and gradients. Reads micro-batches by ticket and the weights, writes the gradients. One stage holds the whole
 * model now; the protocol leaves room for a chain of them.
 */
@NullMarked
package dev.troupe.actors.training.stage;

import org.jspecify.annotations.NullMarked;
