/** Rotary position embedding. */
@NullMarked
package dev.troupe.model.kernel.rope;

import org.jspecify.annotations.NullMarked;
