package dev.troupe.model.kernel;

import dev.troupe.model.kernel.parallel.ComputePool;
import java.util.Optional;

/** A set of kernels for one kind of processor, found through {@link java.util.ServiceLoader}. */
public interface KernelProvider {
    /** The name that {@code compute.backend} selects it by. */
    String name();

    /** {@code auto} takes the available provider with the highest rank. */
    int rank();

    /** What its products round their operands to. Providers of different precisions may share a name. */
    default Precision precision() {
        return Precision.FP32;
    }

    /** Name and, where it is not float32, precision: what reports and messages say. */
    default String label() {
        return precision() == Precision.FP32
                ? name()
                : name() + " " + precision().configName();
    }

    /** Why this provider cannot run here, or empty when it can. */
    Optional<String> unavailable();

    /** The device that the kernels run on, or empty for the processor. Asked only of providers that run here. */
    default Optional<KernelDevice> device() {
        return Optional.empty();
    }

    /** The kernels, splitting their work over {@code pool}. The pool stays the caller's. */
    Kernels create(ComputePool pool);
}
