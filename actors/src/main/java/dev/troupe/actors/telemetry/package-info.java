/**
 * Every Kamon instrument of Troupe, with its name and labels, in one place. Reads
 * {@link dev.troupe.model.tensor.NativeMemory}; the reporter is set up by the node.
 */
@NullMarked
package dev.troupe.actors.telemetry;

import org.jspecify.annotations.NullMarked;
