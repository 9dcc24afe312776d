package dev.troupe.model.kernel.activation;

import static dev.troupe.model.kernel.KernelArguments.requireMatrix;
import static dev.troupe.model.kernel.KernelArguments.requireSize;
import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;
import static dev.troupe.model.kernel.vector.Lanes.first;
import static dev.troupe.model.kernel.vector.Lanes.load;
import static dev.troupe.model.kernel.vector.Lanes.store;

import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.Ranges;
import dev.troupe.model.kernel.vector.VectorMath;
import dev.troupe.model.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Both activations by way of the sigmoid s: (1 + tanh(u)) / 2 = s(2u), which loses no digits where tanh nears -1. */
public final class VectorActivation implements Activation {
    private static final int GRAIN_ELEMENTS = 8192;
    private static final float TWICE_SQRT_2_OVER_PI = (float) (2 * Math.sqrt(2 / Math.PI));
    private static final float CUBIC = 0.044715f;

    private final ComputePool pool;

    public VectorActivation(ComputePool pool) {
        this.pool = pool;
    }

    @Override
    public void geluForward(long n, Tensor x, Tensor y) {
        requireSize("x", x, n);
        requireSize("y", y, n);
        Ranges.share(pool, n, GRAIN_ELEMENTS, (from, to) -> geluForward(from, to, x.address(), y.address()));
    }

    private static void geluForward(long from, long to, long x, long y) {
        long i = from;
        for (; i + LANES <= to; i += LANES) {
            store(gelu(load(x + i * 4)), y + i * 4);
        }
        if (i < to) {
            VectorMask<Float> tail = first((int) (to - i));
            store(gelu(load(x + i * 4, tail)), y + i * 4, tail);
        }
    }

    private static FloatVector gelu(FloatVector x) {
        return x.mul(VectorMath.sigmoid(twiceInner(x)));
    }

    /** 2·√(2/π)·(x + 0.044715·x³). */
    private static FloatVector twiceInner(FloatVector x) {
        FloatVector cubic = x.mul(x).fma(constant(CUBIC), constant(1));
        return x.mul(TWICE_SQRT_2_OVER_PI).mul(cubic);
    }

    @Override
    public void geluBackward(long n, Tensor x, Tensor dy, Tensor dx) {
        requireSize("x", x, n);
        requireSize("dy", dy, n);
        requireSize("dx", dx, n);
        Ranges.share(
                pool, n, GRAIN_ELEMENTS, (from, to) -> geluBackward(from, to, x.address(), dy.address(), dx.address()));
    }

    private static void geluBackward(long from, long to, long x, long dy, long dx) {
        long i = from;
        for (; i + LANES <= to; i += LANES) {
            store(geluSlope(load(x + i * 4)).mul(load(dy + i * 4)), dx + i * 4);
        }
        if (i < to) {
            VectorMask<Float> tail = first((int) (to - i));
            store(geluSlope(load(x + i * 4, tail)).mul(load(dy + i * 4, tail)), dx + i * 4, tail);
        }
    }

    /** s + x·s·(1 - s)·d(2u)/dx. */
    private static FloatVector geluSlope(FloatVector x) {
        FloatVector s = VectorMath.sigmoid(twiceInner(x));
        FloatVector inner = x.mul(x).fma(constant(3 * CUBIC * TWICE_SQRT_2_OVER_PI), constant(TWICE_SQRT_2_OVER_PI));
        FloatVector bend = constant(1).sub(s).mul(s).mul(x);
        return bend.fma(inner, s);
    }

    @Override
    public void swigluForward(int rows, int width, Tensor gateUp, Tensor y) {
        requireMatrix("gateUp", gateUp, rows, Math.multiplyExact(2, width), Math.multiplyExact(2, width));
        requireMatrix("y", y, rows, width, width);
        shareRows(rows, width, (from, to) -> {
            for (long r = from; r < to; r++) {
                swigluRow(width, gateUp.address() + r * width * 8, y.address() + r * width * 4);
            }
        });
    }

    private static void swigluRow(int width, long gate, long y) {
        long up = gate + width * 4L;
        int i = 0;
        for (; i + LANES <= width; i += LANES) {
            long at = i * 4L;
            FloatVector g = load(gate + at);
            store(g.mul(VectorMath.sigmoid(g)).mul(load(up + at)), y + at);
        }
        if (i < width) {
            long at = i * 4L;
            VectorMask<Float> tail = first(width - i);
            FloatVector g = load(gate + at, tail);
            store(g.mul(VectorMath.sigmoid(g)).mul(load(up + at, tail)), y + at, tail);
        }
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
            FloatVector s = VectorMath.sigmoid(g);
            FloatVector silu = g.mul(s);
            FloatVector slope = constant(1).sub(s).fma(silu, s); // s + g·s·(1 - s)
            store(d.mul(u).mul(slope), dGate + at, used);
            store(d.mul(silu), dGate + up + at, used);
        }
    }

    private void shareRows(int rows, int width, Ranges.RangeTask task) {
        Ranges.share(pool, rows, Math.max(1, GRAIN_ELEMENTS / Math.max(1, width)), task);
    }

    private static FloatVector constant(float value) {
        return FloatVector.broadcast(SPECIES, value);
    }
}
