package dev.troupe.model.kernel.check;

/**
 * What every implementation must do alike, for one family of operations. Implementations compare with the scalar
 * reference; the contract tests of each module with a provider run them all, and a node runs the brief form of them.
 *
 * @param <K> what does the operations: a provider's {@link dev.troupe.model.kernel.Kernels}, or a product of its own
 */
public interface OperationContract<K> {
    /** The interface's name: "gemm". */
    String name();

    /** Each method of the interface that is going to be used ({@link Comparison#where}), at a size or two. */
    void brief(Comparison<K> on);

    /** Sizes 0, 1, lanes ± 1, primes, and shapes of real models. */
    void full(Comparison<K> on);
}
