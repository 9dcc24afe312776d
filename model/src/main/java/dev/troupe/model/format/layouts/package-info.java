/**
 * Weights as kernels read them, kept in a file from one load to the next: such a file is mapped, where a model's own
 * has to be read and laid out.
 */
@NullMarked
package dev.troupe.model.format.layouts;

import org.jspecify.annotations.NullMarked;
