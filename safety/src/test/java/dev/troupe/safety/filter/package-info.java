/** Tests of the text filters. */
@NullMarked
package dev.troupe.safety.filter;

import org.jspecify.annotations.NullMarked;
