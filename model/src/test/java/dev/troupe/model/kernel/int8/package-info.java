/** Tests of products of eight bits. */
@NullMarked
package dev.troupe.model.kernel.int8;

import org.jspecify.annotations.NullMarked;
