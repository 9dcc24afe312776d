/** One optimizer step from data to updated weights, over the actors that hold its parts. */
@NullMarked
package dev.troupe.actors.training.step;

import org.jspecify.annotations.NullMarked;
