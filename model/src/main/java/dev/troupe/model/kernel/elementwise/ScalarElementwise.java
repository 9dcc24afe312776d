package dev.troupe.model.kernel.elementwise;

import static dev.troupe.model.kernel.KernelArguments.requireMatrix;
import static dev.troupe.model.kernel.KernelArguments.requireRange;
import static dev.troupe.model.kernel.KernelArguments.requireSize;

import dev.troupe.model.tensor.Tensor;

/** The reference: plain loops. */
public final class ScalarElementwise implements Elementwise {
    @Override
    public void add(long n, Tensor x, Tensor y) {
        requireSize("x", x, n);
        requireSize("y", y, n);
        for (long i = 0; i < n; i++) {
            y.set(i, y.get(i) + x.get(i));
        }
    }

    @Override
    public void addBias(int rows, int dim, Tensor bias, Tensor x) {
        requireMatrix("x", x, rows, dim, dim);
        requireSize("bias", bias, dim);
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < dim; i++) {
                long at = (long) r * dim + i;
                x.set(at, x.get(at) + bias.get(i));
            }
        }
    }

    @Override
    public void biasBackward(int rows, int dim, Tensor dy, Tensor dBias) {
        requireMatrix("dy", dy, rows, dim, dim);
        requireSize("dBias", dBias, dim);
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < dim; i++) {
                dBias.set(i, dBias.get(i) + dy.get((long) r * dim + i));
            }
        }
    }

    @Override
    public double sumOfSquares(long from, long to, Tensor x) {
        requireRange(from, to);
        requireSize("x", x, to);
        double sum = 0;
        for (long i = from; i < to; i++) {
            sum += (double) x.get(i) * x.get(i);
        }
        return sum;
    }

    @Override
    public void dropout(long n, float rate, long seed, long stream, Tensor x) {
        requireSize("x", x, n);
        DropoutMask.requireRate(rate);
        int threshold = DropoutMask.threshold(rate);
        float scale = 1 / (1 - rate);
        for (long i = 0; i < n; i++) {
            boolean kept = DropoutMask.keeps(DropoutMask.key(seed, stream, (int) (i >>> 32)), (int) i, threshold);
            x.set(i, kept ? x.get(i) * scale : 0);
        }
    }
}
