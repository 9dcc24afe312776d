/** Tests of the patterns. */
@NullMarked
package dev.troupe.safety.pattern;

import org.jspecify.annotations.NullMarked;
