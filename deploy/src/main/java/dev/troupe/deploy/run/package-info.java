/** A run from text to tokens to an evaluated checkpoint, as commands drive it. */
@NullMarked
package dev.troupe.deploy.run;

import org.jspecify.annotations.NullMarked;
