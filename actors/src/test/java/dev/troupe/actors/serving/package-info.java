/** Tests of the serving protocol, and what they share. */
@NullMarked
package dev.troupe.actors.serving;

import org.jspecify.annotations.NullMarked;
