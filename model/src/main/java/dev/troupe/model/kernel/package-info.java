/**
 * The operations that models are made of. Each lives in a package of its own: the interface, a readable scalar
 * reference and the Vector API version, for some inner loops also one that is machine code
 * ({@link dev.troupe.model.kernel.machine}); other modules add providers for other devices.
 */
@NullMarked
package dev.troupe.model.kernel;

import org.jspecify.annotations.NullMarked;
