/**
 * How large the caches are and what shares of them products work on at once. Reads what the operating system says;
 * products ask it when they are made. Nothing here enters into the order of a sum.
 */
@NullMarked
package dev.troupe.model.kernel.cache;

import org.jspecify.annotations.NullMarked;
