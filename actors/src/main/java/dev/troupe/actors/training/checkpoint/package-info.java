/** Saves a run while it goes on. Reads weights and moments by ticket, writes checkpoint directories. */
@NullMarked
package dev.troupe.actors.training.checkpoint;

import org.jspecify.annotations.NullMarked;
