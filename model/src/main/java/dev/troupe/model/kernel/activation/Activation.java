package dev.troupe.model.kernel.activation;

import dev.troupe.model.tensor.Tensor;

/** GELU (tanh form, arXiv:1606.08415) and SwiGLU (arXiv:2002.05202), forward and backward. */
public interface Activation {
    /** y = gelu(x), n elements. */
    void geluForward(long n, Tensor x, Tensor y);

    /** dx = dy · gelu'(x); dx may be dy. */
    void geluBackward(long n, Tensor x, Tensor dy, Tensor dx);

    /**
     * y = silu(gate) · up.
     *
     * @param gateUp [rows, 2·width]: gate, then up
     * @param y [rows, width]
     */
    void swigluForward(int rows, int width, Tensor gateUp, Tensor y);

    /** Overwrites dGateUp [rows, 2·width]; it may be gateUp itself. */
    void swigluBackward(int rows, int width, Tensor gateUp, Tensor dy, Tensor dGateUp);
}
