/** GELU and SwiGLU. */
@NullMarked
package dev.troupe.model.kernel.activation;

import org.jspecify.annotations.NullMarked;
