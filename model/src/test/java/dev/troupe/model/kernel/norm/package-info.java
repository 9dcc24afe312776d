/** Tests of norms. */
@NullMarked
package dev.troupe.model.kernel.norm;

import org.jspecify.annotations.NullMarked;
