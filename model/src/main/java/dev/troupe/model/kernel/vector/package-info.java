/**
 * What the Vector API kernels share: lanes over raw addresses, register tiles, elementary functions and scratch memory,
 * some of it as machine code, too. The operations themselves live beside their scalar references.
 */
@NullMarked
package dev.troupe.model.kernel.vector;

import org.jspecify.annotations.NullMarked;
