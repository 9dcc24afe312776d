/** Matrix products. */
@NullMarked
package dev.troupe.model.kernel.gemm;

import org.jspecify.annotations.NullMarked;
