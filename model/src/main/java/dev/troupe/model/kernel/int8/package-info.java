/**
 * Products of numbers that are rounded to eight bits, row by row, while they are multiplied: the sums are integers, and
 * so exact in any order. Reads activations in float32 and weights that {@link dev.troupe.model.kernel.int8.Int8Weight}
 * laid out; writes float32. Weights in blocks stay as they are ({@link dev.troupe.model.kernel.int8.BlockWeight}), and
 * activations have a scale for each 32. Products are by dot instructions of bytes, where the processor has them, else
 * in 16-bit lanes or, of blocks of eight bits, in float32.
 */
@NullMarked
package dev.troupe.model.kernel.int8;

import org.jspecify.annotations.NullMarked;
