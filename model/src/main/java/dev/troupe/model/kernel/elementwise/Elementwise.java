package dev.troupe.model.kernel.elementwise;

import dev.troupe.model.kernel.KernelArguments;
import dev.troupe.model.tensor.Tensor;

/** Small operations over flat tensors. */
public interface Elementwise {
    /** y += x, n elements. */
    void add(long n, Tensor x, Tensor y);

    /** Elements [from, to) become zero. */
    default void zero(long from, long to, Tensor x) {
        KernelArguments.requireRange(from, to);
        KernelArguments.requireSize("x", x, to);
        x.view(from, Math.toIntExact(to - from)).zero();
    }

    /** x[r] += bias on every row of [rows, dim]. */
    void addBias(int rows, int dim, Tensor bias, Tensor x);

    /** dBias[c] += sum over rows of dy[r, c], rows in order. */
    void biasBackward(int rows, int dim, Tensor dy, Tensor dBias);

    /** Sum of squares of elements [from, to) in float64, in a fixed order. */
    double sumOfSquares(long from, long to, Tensor x);

    /**
     * Inverted dropout in place: element i is kept with probability 1 - rate and scaled by 1 / (1 - rate). The mask is
     * a function of (seed, stream, i) alone, so the backward pass and a resumed run draw the same one.
     */
    void dropout(long n, float rate, long seed, long stream, Tensor x);
}
