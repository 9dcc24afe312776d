/**
 * The operations that models are made of. Each lives in a package of its own: the interface, a readable scalar
 * reference and the Vector API version; other modules add providers for other devices.
 */
@NullMarked
package dev.troupe.model.kernel;

import org.jspecify.annotations.NullMarked;
