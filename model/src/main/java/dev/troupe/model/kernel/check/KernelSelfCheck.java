package dev.troupe.model.kernel.check;

import dev.troupe.model.kernel.KernelProvider;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.ScalarBf16KernelProvider;
import dev.troupe.model.kernel.ScalarFp16KernelProvider;
import dev.troupe.model.kernel.ScalarKernelProvider;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.parallel.FixedComputePool;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * The check that a node makes before it computes for anybody: small sizes of every operation that it will use, half a
 * second in a process that has just started, a tenth later.
 */
public final class KernelSelfCheck {
    private static final long SEED = 20261125;

    private KernelSelfCheck() {}

    /** As {@link #run(Kernels, ComputePool, Set)}, of everything. */
    public static SelfCheck run(Kernels kernels, ComputePool pool) {
        return run(kernels, pool, KernelUse.all());
    }

    /**
     * Compares with the scalar reference.
     *
     * @param pool that the kernels were made for
     * @param uses that they are going to have
     */
    public static SelfCheck run(Kernels kernels, ComputePool pool, Set<KernelUse> uses) {
        try (FixedComputePool alone = FixedComputePool.create(1)) {
            Kernels reference = reference(kernels.precision()).create(alone);
            return run(
                    kernels.name(),
                    pool.threads(),
                    "Choose another provider (backend = scalar always works), or leave machine code out"
                            + " (-Dtroupe.machine_code=off)",
                    found -> new Comparison<>(
                            Map.of(Comparison.Subject.of(kernels), found),
                            Comparison.Subject.of(reference),
                            kernels.precision(),
                            SEED,
                            uses),
                    KernelContracts.ALL);
        }
    }

    /**
     * Runs the brief form of contracts.
     *
     * @param name of what is checked
     * @param threads that it works on
     * @param remedy what a user can do when something differs
     * @param comparisons gives differences to whom it is told
     */
    static <K> SelfCheck run(
            String name,
            int threads,
            String remedy,
            Function<Consumer<KernelDifference>, Comparison<K>> comparisons,
            List<OperationContract<K>> contracts) {
        long start = System.nanoTime();
        List<KernelDifference> differences = new ArrayList<>();
        Comparison<K> comparison = comparisons.apply(differences::add);
        contracts.forEach(contract -> contract.brief(comparison));
        double seconds = (System.nanoTime() - start) / 1e9;
        return new SelfCheck(name, threads, comparison.count(), seconds, differences, remedy);
    }

    /** The scalar provider whose products round their operands like this. */
    public static KernelProvider reference(Precision precision) {
        return switch (precision) {
            case FP32 -> new ScalarKernelProvider();
            case BF16 -> new ScalarBf16KernelProvider();
            case FP16 -> new ScalarFp16KernelProvider();
        };
    }
}
