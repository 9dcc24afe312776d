/** Tests of rotary embeddings. */
@NullMarked
package dev.troupe.model.kernel.rope;

import org.jspecify.annotations.NullMarked;
