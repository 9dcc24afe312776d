package dev.troupe.model.kernel.norm;

import static dev.troupe.model.kernel.KernelArguments.requireMatrix;
import static dev.troupe.model.kernel.KernelArguments.requireSize;

import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Checks the arguments of {@link Normalization}, for every provider alike. */
public final class NormalizationArguments {
    private NormalizationArguments() {}

    /** Of a forward pass. */
    public static void requireForward(int rows, int dim, Tensor x, Tensor weight, Tensor y, Tensor rstd) {
        requireMatrix("x", x, rows, dim, dim);
        requireMatrix("y", y, rows, dim, dim);
        requireSize("weight", weight, dim);
        requireSize("rstd", rstd, rows);
    }

    /** Of a backward pass. */
    public static void requireBackward(
            int rows, int dim, Tensor x, Tensor weight, Tensor rstd, Tensor dy, Tensor dx, Tensor dWeight) {
        requireMatrix("x", x, rows, dim, dim);
        requireMatrix("dy", dy, rows, dim, dim);
        requireMatrix("dx", dx, rows, dim, dim);
        requireSize("weight", weight, dim);
        requireSize("dWeight", dWeight, dim);
        requireSize("rstd", rstd, rows);
    }

    /**
     * What a layer norm has besides, in either pass.
     *
     * @param bias or its gradient
     */
    public static void requireLayer(int rows, int dim, Tensor mean, String name, @Nullable Tensor bias) {
        requireSize("mean", mean, rows);
        if (bias != null) {
            requireSize(name, bias, dim);
        }
    }
}
