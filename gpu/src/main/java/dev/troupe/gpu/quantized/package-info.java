/** Device kernels of one operation, and the operation that launches them. */
@NullMarked
package dev.troupe.gpu.quantized;

import org.jspecify.annotations.NullMarked;
