/** What {@code ./troupe bench kernels} measures: one suite per family of operations, each listed in KernelBench. */
@NullMarked
package dev.troupe.model.bench.kernel;

import org.jspecify.annotations.NullMarked;
