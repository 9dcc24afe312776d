package dev.troupe.model.kernel.check;

import dev.troupe.model.kernel.KernelProviders;
import dev.troupe.model.kernel.Kernels;
import dev.troupe.model.kernel.Precision;
import dev.troupe.model.kernel.parallel.ComputePool;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How programs get kernels: chosen, made, and compared with the scalar reference the first time that a process uses
 * them with so many threads.
 */
public final class CheckedKernels {
    private static final Logger LOG = LoggerFactory.getLogger(CheckedKernels.class);

    /** Of this process: neither its code nor its processor changes. */
    private static final Set<Checked> PASSED = ConcurrentHashMap.newKeySet();

    private record Checked(String provider, int threads) {}

    private CheckedKernels() {}

    /**
     * Kernels that agree with the reference.
     *
     * @param backend a provider's name, or "auto"
     * @param precision of the operands of products
     * @param pool that they will work on
     * @param made hears of the check's result when one was made, passed or not
     * @throws dev.troupe.model.TroupeException when there is no such provider, it cannot run here, or its results
     *     differ: the message says which, at which size and by how much
     */
    public static Kernels create(String backend, Precision precision, ComputePool pool, Consumer<SelfCheck> made) {
        Kernels kernels = KernelProviders.select(backend, precision).create(pool);
        Checked key = new Checked(kernels.name(), pool.threads());
        if (!PASSED.contains(key)) {
            SelfCheck check = KernelSelfCheck.run(kernels, pool);
            made.accept(check);
            check.require();
            LOG.info(
                    "kernel provider {} agrees with the reference: {} comparisons on {} threads in {} ms",
                    check.provider(),
                    check.comparisons(),
                    check.threads(),
                    String.format(Locale.ROOT, "%.0f", check.seconds() * 1e3));
            PASSED.add(key);
        }
        return kernels;
    }
}
