package dev.troupe.model.kernel.linear;

import dev.troupe.model.kernel.gemm.Epilogue;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.jspecify.annotations.Nullable;

/**
 * A linear layer's forward and backward products. Sums and tensors are float32; operands hold what the provider's
 * precision rounds them to, and everything that is computed from an operand is computed from the rounded numbers: the
 * gradient of a bias and the derivative of an activation too.
 *
 * <p>Legend: R rows, x [R, in], W [out, in], y [R, out]. Operands and weights are those of the same provider; an
 * IllegalArgumentException says so otherwise, and names what is too small.
 */
public interface LinearProducts {
    /** An operand of its own memory in {@code arena}: what is written to its target, then stored. */
    Operand operand(int maxRows, int columns, TensorArena arena);

    /**
     * An operand for tensors that stay as they are while it is used: a provider that multiplies them as they are keeps
     * nothing but the reference.
     */
    Operand reference(int maxRows, int columns, TensorArena arena);

    /** For the gradient that {@link #activatedInputGradient} computes, raised [R, columns]. */
    Operand raisedGradient(int maxRows, int columns, Epilogue activation, TensorArena arena);

    /** Memory for float32 rows on their way into an operand: empty where operands are float32 themselves. */
    Tensor staging(int maxRows, int columns, TensorArena arena);

    /**
     * W as products read it.
     *
     * @param version tells of changes
     * @param backward whether input gradients will be asked for
     */
    LinearWeight weight(Tensor w, WeightVersion version, boolean backward, TensorArena arena);

    /** Operand = {@code from} [R, columns], rounded. */
    void store(int rows, Tensor from, Operand to);

    /** y = x · Wᵀ (+ residual [R, out]) (+ bias [out]), added in this order. */
    void forward(int rows, Operand x, LinearWeight w, @Nullable Tensor bias, @Nullable Tensor residual, Tensor y);

    /**
     * Raised = x · Wᵀ (+ bias), y = its activation. The activation is computed before raised, which is for
     * {@link #activatedInputGradient}, is rounded.
     */
    void forwardActivated(
            int rows, Operand x, LinearWeight w, @Nullable Tensor bias, Epilogue activation, Operand raised, Operand y);

    /** dx [R, in] = dy · W. */
    void inputGradient(int rows, Operand dy, LinearWeight w, Tensor dx);

    /**
     * The gradient of raised, from dy · W through the activation's derivative at raised.
     *
     * @param raised not needed again: the result may lie in its memory
     * @param dRaised of {@link #raisedGradient}: memory for the result
     * @return where the result is, until either operand is written again
     */
    Operand activatedInputGradient(
            int rows, Operand dy, LinearWeight w, Epilogue activation, Operand raised, Operand dRaised);

    /**
     * dW [out, in] = dyᵀ · x (+ dW when {@code add}), and the sums of dy over the rows, in their order, are added to db
     * [out].
     */
    void weightGradient(int rows, Operand dy, Operand x, Tensor dw, boolean add, @Nullable Tensor db);
}
