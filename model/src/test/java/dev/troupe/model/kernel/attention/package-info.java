/** Tests of attention. */
@NullMarked
package dev.troupe.model.kernel.attention;

import org.jspecify.annotations.NullMarked;
