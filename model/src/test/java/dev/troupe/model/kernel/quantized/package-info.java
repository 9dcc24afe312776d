/** Tests of products with stored weights. */
@NullMarked
package dev.troupe.model.kernel.quantized;

import org.jspecify.annotations.NullMarked;
