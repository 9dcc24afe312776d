/**
 * Files of ranks: what of a model's weights and moments each of many files has, and any part of it read from them.
 *
 * <p>A shard file is a safetensors file. Each of its tensors is a vector of float32 (dtype F32) named
 * {@code weight.NAME}, {@code moment1.NAME} or {@code moment2.NAME}, NAME being the parameter's as in
 * {@link dev.troupe.model.transformer.ParameterLayout}: all weights in order of the layout, then all first, then all
 * second moments. The metadata says:
 *
 * <ul>
 *   <li>{@code format}: {@code troupe-shard-1}
 *   <li>{@code step}: the number of optimizer steps taken, in decimal
 *   <li>{@code piece.NAME}, the same for the three: which elements of the whole parameter these are, as JSON
 * </ul>
 *
 * <pre>{"shape": [67, 32], "rows": [[34, 67]], "columns": [0, 32], "elements": [512, 1056]}</pre>
 *
 * {@code shape} is the whole parameter's, [out, in]; a vector's is [n, 1]. {@code rows} are ranges [from, to) of its
 * rows, ascending, and {@code columns} one range of its columns: the tensor axis's part. Of that part's elements, in
 * row-major order, the tensor has those of {@code elements}, [from, to): ZeRO's slice of it. All files of a checkpoint
 * together have each element of each kind exactly once.
 */
@NullMarked
package dev.troupe.model.format.shards;

import org.jspecify.annotations.NullMarked;
