/**
 * What surrounds the steps of a run: its directory and lock, its memory, its metrics file, how long it takes. Reads and
 * writes the run directory.
 */
@NullMarked
package dev.troupe.actors.training.run;

import org.jspecify.annotations.NullMarked;
