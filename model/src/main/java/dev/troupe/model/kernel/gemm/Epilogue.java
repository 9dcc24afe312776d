package dev.troupe.model.kernel.gemm;

import dev.troupe.model.kernel.activation.Activation;
import dev.troupe.model.tensor.Tensor;

/** The activation of a feed-forward layer, computed from rows of a product. */
public enum Epilogue {
    /** As many columns as the product. */
    GELU,
    /** Half as many: the product's rows are gate, then up. */
    SWIGLU;

    /** Columns of what it computes from {@code n} columns. */
    public int width(int n) {
        return this == GELU ? n : n / 2;
    }

    /** Out [m, width(n)] from C [m, n], as an operation of its own. */
    void apply(Activation activation, int m, int n, Tensor c, Tensor out) {
        switch (this) {
            case GELU -> activation.geluForward((long) m * n, c, out);
            case SWIGLU -> activation.swigluForward(m, width(n), c, out);
        }
    }
}
