package dev.troupe.actors.compute;

import dev.troupe.actors.telemetry.Metrics;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.check.CheckedKernels;
import dev.troupe.model.kernel.check.KernelUse;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import java.util.Set;

/** The kernels that a node trains and serves with: none that differs from the scalar reference. */
public final class NodeKernels {
    private NodeKernels() {}

    /**
     * Chooses and makes kernels, and compares them with the reference where this process uses them for the first time.
     *
     * @param backend a provider's name, or "auto"
     * @param precision of the operands of products
     * @param uses what will be asked of them
     * @throws dev.troupe.model.TroupeException when there is no such provider here or its results differ
     */
    public static Kernels create(String backend, Precision precision, ComputePool pool, Set<KernelUse> uses) {
        return CheckedKernels.create(backend, precision, pool, uses, Metrics::kernelsChecked);
    }

    /**
     * Compares kernels that were made with the reference, for more than they were made for.
     *
     * @param pool that they were made for
     * @throws dev.troupe.model.TroupeException when results differ
     */
    public static void require(Kernels kernels, ComputePool pool, Set<KernelUse> uses) {
        CheckedKernels.require(kernels, pool, uses, Metrics::kernelsChecked);
    }

    /**
     * The check of {@link #create} alone: a node makes it before it joins a cluster.
     *
     * @param threads 0 for one per core
     */
    public static void check(String backend, Precision precision, int threads, Set<KernelUse> uses) {
        int numThreads = threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
        try (ComputePool pool = FixedComputePool.create(numThreads)) {
            create(backend, precision, pool, uses);
        }
    }
}
