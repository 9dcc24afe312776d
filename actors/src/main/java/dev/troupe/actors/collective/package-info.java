/**
 * Operations among the ranks of a group, over links between two ranks: the ring that sums and gathers, the chain that
 * broadcasts. Reads and writes tensors of its caller; how a link moves bytes is the transport's business
 * (docs/adr/0009-tensor-transport.md).
 */
@NullMarked
package dev.troupe.actors.collective;

import org.jspecify.annotations.NullMarked;
