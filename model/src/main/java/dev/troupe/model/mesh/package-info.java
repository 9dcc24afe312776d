/**
 * Training by a mesh of ranks: data, tensor and pipeline parallelism in any product, with ZeRO sharding. A rank runs
 * the same program as all others ({@link dev.troupe.model.mesh.RankProgram}), on its own thread, and talks to them
 * through communicators; who starts ranks, connects them and replaces dead ones is not known here.
 *
 * <p>Legend: R = rows of a micro-batch, C = width of the residual stream, N = ranks of the data axis.
 */
@NullMarked
package dev.troupe.model.mesh;

import org.jspecify.annotations.NullMarked;
