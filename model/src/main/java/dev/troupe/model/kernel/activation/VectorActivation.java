package dev.troupe.model.kernel.activation;

import static dev.troupe.model.kernel.KernelArguments.requireMatrix;
import static dev.troupe.model.kernel.KernelArguments.requireSize;
import static dev.troupe.model.kernel.activation.ActivationRows.CUBIC;
import static dev.troupe.model.kernel.activation.ActivationRows.TWICE_SQRT_2_OVER_PI;
import static dev.troupe.model.kernel.activation.ActivationRows.constant;
import static dev.troupe.model.kernel.activation.ActivationRows.twiceInner;
import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.first;
import static dev.troupe.model.kernel.vector.Lanes.load;

import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.Ranges;
import dev.troupe.model.kernel.vector.VectorMath;
import dev.troupe.model.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

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
                pool, n, GRAIN_ELEMENTS, (from, to) -> geluBackward(from, to, x.address(), dy.address(), dx.address()));
    }

    /** dy · (s + x·s·(1 - s)·d(2u)/dx). */
    private static void geluBackward(long from, long to, long x, long dy, long dx) {
        for (long i = from; i < to; i += LANES) {
            VectorMask<Float> used = first(to - i);
            FloatVector v = load(x + i * 4, used);
            FloatVector d = load(dy + i * 4, used);
            FloatVector bend = v.mul(v)
                    .fma(constant(3 * CUBIC), constant(1))
                    .mul(TWICE_SQRT_2_OVER_PI)
                    .mul(v);
            FloatVector s = VectorMath.sigmoid(twiceInner(v));
            FloatVector rest = s.neg().fma(s, s); // s·(1 - s)
            rest.fma(bend, s).mul(d).intoMemorySegment(MEMORY, dx + i * 4, ORDER, used);
        }
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
                swigluBackwardRow(width, gateUp.address() + row, dy.address() + r * width * 4, dGateUp.address() + row);
            }
        });
    }

    private static void swigluBackwardRow(int width, long gate, long dy, long dGate) {
        long up = width * 4L;
        for (int i = 0; i < width; i += LANES) {
            long at = i * 4L;
            VectorMask<Float> used = first(width - i);
            FloatVector g = load(gate + at, used);
            FloatVector u = load(gate + up + at, used);
            FloatVector d = load(dy + at, used);
            FloatVector du = d.mul(u);
            FloatVector s = VectorMath.sigmoid(g);
            FloatVector silu = g.mul(s);
            FloatVector slope = silu.neg().fma(s, silu).add(s); // s + g·s·(1 - s)
            du.mul(slope).intoMemorySegment(MEMORY, dGate + at, ORDER, used);
            d.mul(silu).intoMemorySegment(MEMORY, dGate + up + at, ORDER, used);
        }
    }

    private void shareRows(int rows, int width, Ranges.RangeTask task) {
        Ranges.share(pool, rows, Math.max(1, GRAIN_ELEMENTS / Math.max(1, width)), task);
    }
}
