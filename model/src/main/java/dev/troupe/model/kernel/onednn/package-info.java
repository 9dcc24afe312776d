/**
 * Matrix products in bf16 by oneDNN, for processors with dot instructions that the Vector API does not reach. The
 * library comes in a Maven artifact, is unpacked into a folder of its own and called through the foreign-function API.
 * Threads, memory and the order of work stay ours: a call of the library multiplies one tile on the thread that makes
 * it.
 */
@NullMarked
package dev.troupe.model.kernel.onednn;

import org.jspecify.annotations.NullMarked;
