/** Tests of the replica actor. */
@NullMarked
package dev.troupe.actors.serving.replica;

import org.jspecify.annotations.NullMarked;
