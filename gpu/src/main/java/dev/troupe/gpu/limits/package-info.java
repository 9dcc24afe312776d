/** What a device can do at most, for measurements to be shares of. */
@NullMarked
package dev.troupe.gpu.limits;

import org.jspecify.annotations.NullMarked;
