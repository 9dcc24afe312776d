package dev.troupe.model.kernel.activation;

import static dev.troupe.model.kernel.KernelArguments.requireMatrix;
import static dev.troupe.model.kernel.KernelArguments.requireSize;

import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.Ranges;
import dev.troupe.model.tensor.Tensor;

/** {@link ActivationRows} and their derivatives, shared by threads. */
public final class VectorActivation implements Activation {
    private static final int GRAIN_ELEMENTS = 8192;

    private final ComputePool pool;

    public VectorActivation(ComputePool pool) {
        this.pool = pool;
    }

    @Override
    public void geluForward(long n, Tensor x, Tensor y) {
        requireSize("x", x, n);
        requireSize("y", y, n);
        Ranges.share(
                pool,
                n,
                GRAIN_ELEMENTS,
                (from, to) -> ActivationRows.gelu(to - from, x.address() + from * 4, y.address() + from * 4));
    }

    @Override
    public void geluBackward(long n, Tensor x, Tensor dy, Tensor dx) {
        requireSize("x", x, n);
        requireSize("dy", dy, n);
        requireSize("dx", dx, n);
        Ranges.share(
                pool,
                n,
                GRAIN_ELEMENTS,
                (from, to) -> ActivationRows.geluBackward(
                        to - from, x.address() + from * 4, dy.address() + from * 4, dx.address() + from * 4));
    }

    @Override
    public void swigluForward(int rows, int width, Tensor gateUp, Tensor y) {
        requireMatrix("gateUp", gateUp, rows, Math.multiplyExact(2, width), Math.multiplyExact(2, width));
        requireMatrix("y", y, rows, width, width);
        shareRows(rows, width, (from, to) -> {
            for (long r = from; r < to; r++) {
                ActivationRows.swiglu(width, gateUp.address() + r * width * 8, y.address() + r * width * 4);
            }
        });
    }

    @Override
    public void swigluBackward(int rows, int width, Tensor gateUp, Tensor dy, Tensor dGateUp) {
        requireMatrix("gateUp", gateUp, rows, Math.multiplyExact(2, width), Math.multiplyExact(2, width));
        requireMatrix("dGateUp", dGateUp, rows, Math.multiplyExact(2, width), Math.multiplyExact(2, width));
        requireMatrix("dy", dy, rows, width, width);
        shareRows(rows, width, (from, to) -> {
            for (long r = from; r < to; r++) {
                long row = r * width * 8;
                ActivationRows.swigluBackward(
                        width, gateUp.address() + row, dy.address() + r * width * 4, dGateUp.address() + row);
            }
        });
    }

    private void shareRows(int rows, int width, Ranges.RangeTask task) {
        Ranges.share(pool, rows, Math.max(1, GRAIN_ELEMENTS / Math.max(1, width)), task);
    }
}
