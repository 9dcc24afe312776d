/** The threads that kernels run on. */
@NullMarked
package dev.troupe.model.kernel.parallel;

import org.jspecify.annotations.NullMarked;
