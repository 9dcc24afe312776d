/** Tests of vectors, tiles and what they are made of. */
@NullMarked
package dev.troupe.model.kernel.vector;

import org.jspecify.annotations.NullMarked;
