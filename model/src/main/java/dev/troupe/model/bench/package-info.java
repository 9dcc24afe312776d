/** Measurements of kernels, training steps and tokenizers, for the command line and for engineers. */
@NullMarked
package dev.troupe.model.bench;

import org.jspecify.annotations.NullMarked;
