package dev.troupe.model.kernel.check;

import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.int8.BlockWeight;
import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.tensor.StorageType;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How programs get kernels: chosen, made, and compared with the scalar reference the first time that a process uses
 * them so, with so many threads.
 */
public final class CheckedKernels {
    private static final Logger LOG = LoggerFactory.getLogger(CheckedKernels.class);

    /** Uses that passed in this process: neither its code nor its processor changes. */
    private static final Map<Checked, Set<KernelUse>> PASSED = new ConcurrentHashMap<>();

    private record Checked(String provider, int threads) {}

    private CheckedKernels() {}

    /**
     * Kernels that agree with the reference.
     *
     * @param backend a provider's name, or "auto"
     * @param precision of the operands of products
     * @param pool that they will work on
     * @param uses what will be asked of them
     * @param made hears of the check's result when one was made, passed or not
     * @throws dev.troupe.model.TroupeException when there is no such provider, it cannot run here, or its results
     *     differ: the message says which, at which size and by how much
     */
    public static Kernels create(
            String backend, Precision precision, ComputePool pool, Set<KernelUse> uses, Consumer<SelfCheck> made) {
        Kernels kernels = KernelProviders.select(backend, precision).create(pool);
        require(kernels, pool, uses, made);
        return kernels;
    }

    /**
     * Compares what was not compared before.
     *
     * @param pool that the kernels were made for
     * @throws dev.troupe.model.TroupeException as {@link #create}
     */
    public static void require(Kernels kernels, ComputePool pool, Set<KernelUse> uses, Consumer<SelfCheck> made) {
        OtherKernels.requireBeside(kernels, uses);
        requireProvider(kernels, pool, uses, made);
        if (uses.contains(KernelUse.SAMPLING)) {
            OtherKernels.SAMPLING.choose(pool, made);
        }
        if (uses.contains(KernelUse.INT8_PRODUCTS)) {
            OtherKernels.INT8.choose(pool, made);
        }
        for (StorageType type : StorageType.values()) {
            if (BlockWeight.holds(type) && uses.contains(KernelUse.ofBlocks(type))) {
                OtherKernels.blocks(type).choose(pool, made);
            }
        }
        if (uses.contains(KernelUse.BF16_PROMPTS)) {
            OtherKernels.BF16_PROMPTS.choose(pool, made);
        }
    }

    private static void requireProvider(
            Kernels kernels, ComputePool pool, Set<KernelUse> uses, Consumer<SelfCheck> made) {
        Set<KernelUse> passed = PASSED.computeIfAbsent(
                new Checked(kernels.name(), pool.threads()), key -> ConcurrentHashMap.newKeySet());
        Set<KernelUse> left = new HashSet<>(uses);
        left.removeAll(passed);
        left.retainAll(KernelUse.ofProvider());
        if (!left.isEmpty()) {
            SelfCheck check = KernelSelfCheck.run(kernels, pool, left);
            made.accept(check);
            check.require();
            LOG.info(check.summary());
            passed.addAll(left);
        }
    }
}
