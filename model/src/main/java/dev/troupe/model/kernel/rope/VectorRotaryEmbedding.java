package dev.troupe.model.kernel.rope;

import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.first;
import static dev.troupe.model.kernel.vector.Lanes.load;
import static dev.troupe.model.kernel.vector.Lanes.store;

import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.Ranges;
import dev.troupe.model.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** A vector of pairs at a time: both halves of a head are contiguous. */
public final class VectorRotaryEmbedding implements RotaryEmbedding {
    private static final int GRAIN_ELEMENTS = 8192;

    private final ComputePool pool;

    public VectorRotaryEmbedding(ComputePool pool) {
        this.pool = pool;
    }

    @Override
    public void rotate(
            int rows, int numHeads, int headDim, Tensor x, int stride, int[] positions, Tensor table, boolean inverse) {
        RotaryArguments.check(rows, numHeads, headDim, x, stride, positions, table);
        int grain = Math.max(1, GRAIN_ELEMENTS / Math.max(1, numHeads * headDim));
        Ranges.share(pool, rows, grain, (from, to) -> {
            for (long r = from; r < to; r++) {
                long angles = table.address() + (long) positions[(int) r] * headDim * 4;
                row(numHeads, headDim, x.address() + r * stride * 4, angles, inverse);
            }
        });
    }

    private static void row(int numHeads, int headDim, long x, long angles, boolean inverse) {
        if (numHeads > 0 && WrittenRotation.runs(headDim)) {
            WrittenRotation.rotate(numHeads, headDim, x, angles, inverse);
            return;
        }
        for (int h = 0; h < numHeads; h++) {
            head(headDim / 2, x + (long) h * headDim * 4, angles, inverse);
        }
    }

    static void head(int half, long x, long angles, boolean inverse) {
        long apart = half * 4L;
        for (int i = 0; i < half; i += LANES) {
            VectorMask<Float> used = first(half - i);
            long at = i * 4L;
            FloatVector cos = load(angles + at, used);
            FloatVector sin = load(angles + apart + at, used);
            if (inverse) {
                sin = sin.neg();
            }
            FloatVector a = load(x + at, used);
            FloatVector b = load(x + apart + at, used);
            store(a.mul(cos).sub(b.mul(sin)), x + at, used);
            store(b.mul(cos).add(a.mul(sin)), x + apart + at, used);
        }
    }
}
