/** Tests of activations. */
@NullMarked
package dev.troupe.model.kernel.activation;

import org.jspecify.annotations.NullMarked;
