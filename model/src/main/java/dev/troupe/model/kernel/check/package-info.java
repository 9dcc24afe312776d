/**
 * What every provider must do alike, as {@link dev.troupe.model.kernel.check.OperationContract contracts} against the
 * scalar reference. Contract tests run them in full; a node runs the short form before it computes for anybody
 * ({@link dev.troupe.model.kernel.check.CheckedKernels}).
 */
@NullMarked
package dev.troupe.model.kernel.check;

import org.jspecify.annotations.NullMarked;
