/**
 * The GGUF file format, versions 2 and 3 (github.com/ggml-org/ggml, docs/gguf.md), little-endian:
 *
 * <pre>
 * "GGUF"  u32 version  u64 number of tensors  u64 number of metadata entries
 * entry:  string key   u32 type  value        string: u64 length, UTF-8 bytes; array: u32 type, u64 count, values
 * tensor: string name  u32 rank  u64 dims[rank], the innermost first  u32 type  u64 offset in the data
 * padding to a multiple of general.alignment (32 where it is not said), then the data of the tensors in this order,
 * each padded to that multiple
 * </pre>
 *
 * Reads memory-mapped files without trusting anything they say; writes to any channel in one pass. Blocks of quantized
 * types are described in {@code dev.troupe.model.kernel.quantized}.
 */
@NullMarked
package dev.troupe.model.gguf;

import org.jspecify.annotations.NullMarked;
