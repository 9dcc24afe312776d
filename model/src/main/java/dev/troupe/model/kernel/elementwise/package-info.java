/** Additions, biases, norms and dropout over flat tensors. */
@NullMarked
package dev.troupe.model.kernel.elementwise;

import org.jspecify.annotations.NullMarked;
