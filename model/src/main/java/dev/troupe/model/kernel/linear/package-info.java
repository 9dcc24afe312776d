/**
 * The products of a linear layer in training, y = x · Wᵀ + b, over operands that are kept as products read them: a
 * weight is laid out once for all micro batches of a step, an activation or a gradient is rounded once for all products
 * that it enters. For float32 an operand is the tensor itself.
 */
@NullMarked
package dev.troupe.model.kernel.linear;

import org.jspecify.annotations.NullMarked;
