/** Tests of what kernel measurements rest on. */
@NullMarked
package dev.troupe.model.bench.kernel;

import org.jspecify.annotations.NullMarked;
