/** Calls of the operating system and of C libraries. */
@NullMarked
package dev.troupe.model.system;

import org.jspecify.annotations.NullMarked;
