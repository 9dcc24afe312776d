/** Softmax and cross-entropy. */
@NullMarked
package dev.troupe.model.kernel.loss;

import org.jspecify.annotations.NullMarked;
