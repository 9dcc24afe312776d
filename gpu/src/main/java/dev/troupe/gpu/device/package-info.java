/** The device: kernels, their calls, and the one thread and plan through which they reach it. */
@NullMarked
package dev.troupe.gpu.device;

import org.jspecify.annotations.NullMarked;
