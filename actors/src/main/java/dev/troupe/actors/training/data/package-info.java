/** Reads micro-batches ahead of the computation. Reads token shards, writes into buffers of the run's memory. */
@NullMarked
package dev.troupe.actors.training.data;

import org.jspecify.annotations.NullMarked;
