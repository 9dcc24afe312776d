/** The data of tensors on its way to a file, a piece at a time. */
@NullMarked
package dev.troupe.model.tensor.stream;

import org.jspecify.annotations.NullMarked;
