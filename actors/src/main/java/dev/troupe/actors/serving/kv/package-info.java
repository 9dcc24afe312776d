/**
 * Which blocks of the paged key-value cache hold which sequence (arXiv:2309.06180), and which blocks hold what another
 * sequence needs. The blocks themselves are {@link dev.troupe.model.kernel.attention.KvBlocks}; the free list is
 * {@link dev.troupe.model.transformer.KvBlockPool}.
 */
@NullMarked
package dev.troupe.actors.serving.kv;

import org.jspecify.annotations.NullMarked;
