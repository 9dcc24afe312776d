/** Measurements of kernels and of training steps, for the command line and for engineers. */
@NullMarked
package dev.troupe.model.bench;

import org.jspecify.annotations.NullMarked;
