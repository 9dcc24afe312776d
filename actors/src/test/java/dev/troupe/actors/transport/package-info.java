/** Groups of ranks: every operation against a plain reference, and what happens when a rank is lost. */
@NullMarked
package dev.troupe.actors.transport;

import org.jspecify.annotations.NullMarked;
