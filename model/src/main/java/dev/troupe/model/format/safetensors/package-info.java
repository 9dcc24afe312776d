/**
 * The safetensors file format: 8 bytes with the length N of the header (unsigned, little-endian), N bytes of JSON that
 * start with an opening brace and may end in spaces, then the tensors' bytes, row-major and little-endian, without
 * gaps. The header maps each name to its dtype, shape and the range of its bytes after the header; "__metadata__" maps
 * strings to strings.
 *
 * <p>Reads memory-mapped files without trusting anything they say; writes to any channel in one pass.
 */
@NullMarked
package dev.troupe.model.format.safetensors;

import org.jspecify.annotations.NullMarked;
