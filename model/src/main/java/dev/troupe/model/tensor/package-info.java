/** Off-heap float32 tensors, the arenas that own them, and the count of native bytes by owner. */
@NullMarked
package dev.troupe.model.tensor;

import org.jspecify.annotations.NullMarked;
