/** Causal attention over whole sequences and over paged keys and values. */
@NullMarked
package dev.troupe.model.kernel.attention;

import org.jspecify.annotations.NullMarked;
