/** Tests of machine code. */
@NullMarked
package dev.troupe.model.kernel.machine;

import org.jspecify.annotations.NullMarked;
