package dev.troupe.model.kernel.activation;

import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;
import static dev.troupe.model.kernel.vector.Lanes.first;
import static dev.troupe.model.kernel.vector.Lanes.load;

import dev.troupe.model.kernel.vector.VectorMath;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * The activations over rows in memory, on the calling thread, for kernels that have just written them. By way of the
 * sigmoid s: (1 + tanh(u)) / 2 = s(2u), which loses no digits where tanh nears -1.
 */
public final class ActivationRows {
    static final float TWICE_SQRT_2_OVER_PI = (float) (2 * Math.sqrt(2 / Math.PI));
    static final float CUBIC = 0.044715f;

    private ActivationRows() {}

    /** y = gelu(x), {@code count} elements at these addresses. */
    public static void gelu(long count, long x, long y) {
        for (long i = 0; i < count; i += LANES) {
            VectorMask<Float> used = first(count - i);
            FloatVector v = load(x + i * 4, used);
            v.mul(VectorMath.sigmoid(twiceInner(v))).intoMemorySegment(MEMORY, y + i * 4, ORDER, used);
        }
    }

    /** y = silu(gate) · up, for one row: gate, and up behind it, each {@code width} elements. */
    public static void swiglu(int width, long gate, long y) {
        if (WrittenSwiglu.RUNS && width > 0 && width % WrittenSwiglu.LANES == 0) {
            WrittenSwiglu.swiglu(width, gate, y);
            return;
        }
        long up = gate + width * 4L;
        for (int i = 0; i < width; i += LANES) {
            long at = i * 4L;
            VectorMask<Float> used = first(width - i);
            FloatVector g = load(gate + at, used);
            FloatVector scaled = g.mul(load(up + at, used));
            scaled.mul(VectorMath.sigmoid(g)).intoMemorySegment(MEMORY, y + at, ORDER, used);
        }
    }

    /** dx = dy times the derivative at x, {@code count} elements: dy · (s + x·s·(1 - s)·d(2u)/dx). */
    public static void geluBackward(long count, long x, long dy, long dx) {
        for (long i = 0; i < count; i += LANES) {
            VectorMask<Float> used = first(count - i);
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

    /** For one row: gate, and up behind it; their gradients likewise, which may be in place. */
    public static void swigluBackward(int width, long gate, long dy, long dGate) {
        if (WrittenSwiglu.RUNS && width > 0 && width % WrittenSwiglu.LANES == 0) {
            WrittenSwiglu.swigluBackward(width, gate, dy, dGate);
        } else {
            vectorSwigluBackward(width, gate, dy, dGate);
        }
    }

    /** {@link #swigluBackward} by the Vector API. */
    static void vectorSwigluBackward(int width, long gate, long dy, long dGate) {
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

    /** 2·√(2/π)·(x + 0.044715·x³). */
    static FloatVector twiceInner(FloatVector x) {
        FloatVector cubic = x.mul(x).fma(constant(CUBIC), constant(1));
        return x.mul(TWICE_SQRT_2_OVER_PI).mul(cubic);
    }

    static FloatVector constant(float value) {
        return FloatVector.broadcast(SPECIES, value);
    }
}
