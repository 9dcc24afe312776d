/**
 * Matrix products with weights as they are stored: plain halves, and the blocks of GGUF. A row of k numbers is cut into
 * blocks, each with scales of its own; all numbers are little-endian. Offsets within a block are constants of
 * {@link dev.troupe.model.kernel.quantized.BlockLayout}; q is a stored number, x what it stands for:
 *
 * <table>
 * <caption>Blocks</caption>
 * <tr><th>type</th><th>numbers</th><th>bytes</th><th>x</th></tr>
 * <tr><td>Q8_0</td><td>32</td><td>float16 d; 32 signed bytes q</td><td>d·q</td></tr>
 * <tr><td>Q4_0</td><td>32</td><td>float16 d; 16 bytes: low halves are q of numbers 0 to 15, high halves of 16 to 31</td>
 * <td>d·q - 8d</td></tr>
 * <tr><td>Q4_K</td><td>256</td><td>float16 d, float16 dmin; 12 bytes of 8 scales and 8 minima of six bits; 128 bytes: in
 * each 32, low halves are q of 32 numbers and high halves of the next 32</td><td>(d·scale)·q - dmin·min</td></tr>
 * <tr><td>Q6_K</td><td>256</td><td>128 bytes of low halves, 64 bytes of upper pairs of bits, 16 signed scales, float16
 * d</td><td>(d·scale)·(q - 32)</td></tr>
 * </table>
 *
 * <p>Every product and sum above is exact in float32 but for the difference of Q4_K, which is rounded once: there is
 * only one way to read a block. (Six bits of scale, scale of scales of eleven bits and four bits of q are 21 bits.)
 *
 * <p>The layouts and the ways to find scales are those of ggml (github.com/ggml-org/ggml, ggml-common.h and
 * ggml-quants.c).
 */
@NullMarked
package dev.troupe.model.kernel.quantized;

import org.jspecify.annotations.NullMarked;
