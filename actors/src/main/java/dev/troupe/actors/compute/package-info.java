/** The kernels of a node, checked before they are used; reports to {@link dev.troupe.actors.telemetry}. */
@NullMarked
package dev.troupe.actors.compute;

import org.jspecify.annotations.NullMarked;
