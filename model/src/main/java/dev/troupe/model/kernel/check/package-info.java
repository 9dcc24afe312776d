/**
 * Compares a set of kernels with the scalar reference: the contract tests sweep sizes with it, and a node runs the
 * short form before it serves.
 */
@NullMarked
package dev.troupe.model.kernel.check;

import org.jspecify.annotations.NullMarked;
