/** What crosses a network between actors, and how it is serialized. */
@NullMarked
package dev.troupe.actors.wire;

import org.jspecify.annotations.NullMarked;
