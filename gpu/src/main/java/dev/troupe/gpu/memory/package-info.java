/** Which tensors are on the device, where in its heap, and which side is newer. */
@NullMarked
package dev.troupe.gpu.memory;

import org.jspecify.annotations.NullMarked;
