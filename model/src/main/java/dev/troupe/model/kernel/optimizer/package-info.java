/** The fused AdamW step. */
@NullMarked
package dev.troupe.model.kernel.optimizer;

import org.jspecify.annotations.NullMarked;
