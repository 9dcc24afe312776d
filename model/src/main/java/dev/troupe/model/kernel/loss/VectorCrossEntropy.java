package dev.troupe.model.kernel.loss;

import static dev.troupe.model.kernel.KernelArguments.requireIndices;
import static dev.troupe.model.kernel.KernelArguments.requireMatrix;
import static dev.troupe.model.kernel.KernelArguments.requireSize;
import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.MEMORY;
import static dev.troupe.model.kernel.vector.Lanes.ORDER;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;
import static dev.troupe.model.kernel.vector.Lanes.first;
import static dev.troupe.model.kernel.vector.Lanes.get;
import static dev.troupe.model.kernel.vector.Lanes.load;
import static dev.troupe.model.kernel.vector.Lanes.set;
import static dev.troupe.model.kernel.vector.Lanes.store;
import static dev.troupe.model.kernel.vector.Lanes.zero;

import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.kernel.vector.Ranges;
import dev.troupe.model.kernel.vector.VectorMath;
import dev.troupe.model.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Three passes over a row that stays in cache: maximum, sum of exponentials, gradient in place. */
public final class VectorCrossEntropy implements CrossEntropy {
    private static final int GRAIN_ELEMENTS = 8192;

    private final ComputePool pool;

    public VectorCrossEntropy(ComputePool pool) {
        this.pool = pool;
    }

    @Override
    public void forward(int rows, int vocab, Tensor logits, int[] targets, Tensor losses) {
        share(rows, vocab, logits, targets, losses, false, 0);
    }

    @Override
    public void forwardBackward(int rows, int vocab, Tensor logits, int[] targets, float scale, Tensor losses) {
        share(rows, vocab, logits, targets, losses, true, scale);
    }

    private void share(
            int rows, int vocab, Tensor logits, int[] targets, Tensor losses, boolean backward, float scale) {
        requireMatrix("logits", logits, rows, vocab, vocab);
        requireSize("losses", losses, rows);
        requireIndices("targets", targets, rows, IGNORE, vocab);
        Ranges.share(pool, rows, grain(vocab), (from, to) -> {
            for (long r = from; r < to; r++) {
                long row = logits.address() + r * vocab * 4;
                set(losses.address() + r * 4, row(vocab, row, targets[(int) r], backward, scale));
            }
        });
    }

    @Override
    public void exponentials(int rows, int vocab, Tensor logits, Tensor maxima, Tensor sums) {
        requireMatrix("logits", logits, rows, vocab, vocab);
        requireSize("maxima", maxima, rows);
        requireSize("sums", sums, rows);
        Ranges.share(pool, rows, grain(vocab), (from, to) -> {
            for (long r = from; r < to; r++) {
                long row = logits.address() + r * vocab * 4;
                float max = max(vocab, row);
                set(maxima.address() + r * 4, max);
                set(sums.address() + r * 4, sumOfExponentials(vocab, row, max, true));
            }
        });
    }

    @Override
    public void gradients(int rows, int vocab, Tensor logits, Tensor factors, int[] targets, float scale) {
        requireMatrix("logits", logits, rows, vocab, vocab);
        requireSize("factors", factors, rows);
        requireIndices("targets", targets, rows, IGNORE, vocab);
        Ranges.share(pool, rows, grain(vocab), (from, to) -> {
            for (long r = from; r < to; r++) {
                long row = logits.address() + r * vocab * 4;
                scale(vocab, row, get(factors.address() + r * 4));
                int target = targets[(int) r];
                if (target != IGNORE) {
                    set(row + target * 4L, get(row + target * 4L) - scale);
                }
            }
        });
    }

    private static long grain(int vocab) {
        return Math.max(1, GRAIN_ELEMENTS / Math.max(1, vocab));
    }

    private static float row(int vocab, long row, int target, boolean backward, float scale) {
        if (target == IGNORE) {
            if (backward) {
                Lanes.fill(row, vocab * 4L, (byte) 0);
            }
            return 0;
        }
        float own = get(row + target * 4L); // before the row turns into exponentials
        float max = max(vocab, row);
        float sum = sumOfExponentials(vocab, row, max, backward);
        float loss = (float) (Math.log(sum) + max - own);
        if (backward) {
            scale(vocab, row, scale / sum);
            long at = row + target * 4L;
            set(at, get(at) - scale);
        }
        return loss;
    }

    private static float max(int vocab, long row) {
        FloatVector max = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
        int i = 0;
        for (; i + LANES <= vocab; i += LANES) {
            max = load(row + i * 4L).max(max);
        }
        if (i < vocab) {
            VectorMask<Float> tail = first(vocab - i);
            max = max.blend(load(row + i * 4L, tail).max(max), tail);
        }
        return Lanes.max(max);
    }

    private static float sumOfExponentials(int vocab, long row, float max, boolean keep) {
        FloatVector sum = zero();
        for (int i = 0; i < vocab; i += LANES) {
            VectorMask<Float> used = first(vocab - i);
            FloatVector e = FloatVector.zero(SPECIES)
                    .blend(VectorMath.exp(load(row + i * 4L, used).sub(max)), used);
            sum = e.add(sum);
            if (keep) {
                e.intoMemorySegment(MEMORY, row + i * 4L, ORDER, used);
            }
        }
        return Lanes.sum(sum);
    }

    private static void scale(int vocab, long row, float factor) {
        int i = 0;
        for (; i + LANES <= vocab; i += LANES) {
            store(load(row + i * 4L).mul(factor), row + i * 4L);
        }
        if (i < vocab) {
            VectorMask<Float> tail = first(vocab - i);
            store(load(row + i * 4L, tail).mul(factor), row + i * 4L, tail);
        }
    }
}
