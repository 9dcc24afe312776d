/** Table look-up and its gradient. */
@NullMarked
package dev.troupe.model.kernel.embedding;

import org.jspecify.annotations.NullMarked;
