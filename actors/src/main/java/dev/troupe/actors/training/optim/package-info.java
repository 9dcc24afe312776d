/** Updates the weights. Reads the gradients of a range of parameters, writes its weights and moments. */
@NullMarked
package dev.troupe.actors.training.optim;

import org.jspecify.annotations.NullMarked;
