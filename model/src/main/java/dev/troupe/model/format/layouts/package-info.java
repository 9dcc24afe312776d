/**
 * Weights as kernels read them, kept in a file from one load to the next: such a file is mapped, where a model's own
 * has to be read and laid out. Or laid out later than that, once the model answers.
 */
@NullMarked
package dev.troupe.model.format.layouts;

import org.jspecify.annotations.NullMarked;
