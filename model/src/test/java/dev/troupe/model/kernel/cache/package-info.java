/** Tests of what is known of caches. */
@NullMarked
package dev.troupe.model.kernel.cache;

import org.jspecify.annotations.NullMarked;
