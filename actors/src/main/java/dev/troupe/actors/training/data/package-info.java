/**
 * Where a run's tokens come from. {@link dev.troupe.actors.training.data.CorpusOpener} opens a corpus from files, or
 * from nodes with the role {@code data} ({@link dev.troupe.actors.training.data.DataNode}), which read token shards and
 * send ranges of tokens. Micro-batches are read ahead of the computation: into buffers of the run's memory in one
 * process ({@link dev.troupe.actors.training.data.DataFeeder}), on a thread beside each rank of a mesh
 * ({@link dev.troupe.actors.training.data.ReadAhead}).
 */
@NullMarked
package dev.troupe.actors.training.data;

import org.jspecify.annotations.NullMarked;
