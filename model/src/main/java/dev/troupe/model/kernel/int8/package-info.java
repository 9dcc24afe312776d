/**
 * Products of numbers that are rounded to eight bits, row by row, while they are multiplied: the sums are integers, and
 * so exact in any order. Reads activations in float32 and weights that {@link dev.troupe.model.kernel.int8.Int8Weight}
 * laid out; writes float32.
 */
@NullMarked
package dev.troupe.model.kernel.int8;

import org.jspecify.annotations.NullMarked;
