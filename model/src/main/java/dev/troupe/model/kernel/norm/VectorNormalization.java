package dev.troupe.model.kernel.norm;

import static dev.troupe.model.kernel.norm.NormalizationArguments.requireBackward;
import static dev.troupe.model.kernel.norm.NormalizationArguments.requireForward;
import static dev.troupe.model.kernel.norm.NormalizationArguments.requireLayer;
import static dev.troupe.model.kernel.vector.Lanes.BYTES;
import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.SPECIES;
import static dev.troupe.model.kernel.vector.Lanes.broadcast;
import static dev.troupe.model.kernel.vector.Lanes.first;
import static dev.troupe.model.kernel.vector.Lanes.get;
import static dev.troupe.model.kernel.vector.Lanes.load;
import static dev.troupe.model.kernel.vector.Lanes.set;
import static dev.troupe.model.kernel.vector.Lanes.store;
import static dev.troupe.model.kernel.vector.Lanes.zero;

import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.Lanes;
import dev.troupe.model.kernel.vector.Ranges;
import dev.troupe.model.tensor.Tensor;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.jspecify.annotations.Nullable;

/**
 * Norms by rows: lanes along a row, rows shared among the threads. Gradients of weight and bias are summed over the
 * rows in order, columns shared among the threads. RMSNorm is the case without mean and bias.
 */
public final class VectorNormalization implements Normalization {
    private static final int GRAIN_ELEMENTS = 8192;

    private final ComputePool pool;

    public VectorNormalization(ComputePool pool) {
        this.pool = pool;
    }

    @Override
    public void rmsForward(int rows, int dim, float eps, Tensor x, Tensor weight, Tensor y, Tensor rstd) {
        requireForward(rows, dim, x, weight, y, rstd);
        shareRows(rows, dim, (from, to) -> {
            for (long r = from; r < to; r++) {
                rmsRow(dim, eps, x.address() + r * dim * 4, weight, y.address() + r * dim * 4, rstd.address() + r * 4);
            }
        });
    }

    private static void rmsRow(int dim, float eps, long x, Tensor weight, long y, long rstd) {
        if (WrittenRms.RUNS && dim > 0 && dim % LANES == 0) {
            WrittenRms.squares(dim, x, rstd);
            set(rstd, rstd(get(rstd), dim, eps));
            WrittenRms.scale(dim, x, get(rstd), weight.address(), y);
        } else {
            set(rstd, rstd(squares(dim, x, 0), dim, eps));
            normalize(dim, x, 0, get(rstd), weight.address(), 0, y);
        }
    }

    @Override
    public void layerForward(
            int rows,
            int dim,
            float eps,
            Tensor x,
            Tensor weight,
            @Nullable Tensor bias,
            Tensor y,
            Tensor mean,
            Tensor rstd) {
        requireForward(rows, dim, x, weight, y, rstd);
        requireLayer(rows, dim, mean, "bias", bias);
        long biasAddress = bias == null ? 0 : bias.address();
        shareRows(rows, dim, (from, to) -> {
            for (long r = from; r < to; r++) {
                long row = x.address() + r * dim * 4;
                float center = sum(dim, row) / dim;
                float scale = rstd(squares(dim, row, center), dim, eps);
                set(mean.address() + r * 4, center);
                set(rstd.address() + r * 4, scale);
                normalize(dim, row, center, scale, weight.address(), biasAddress, y.address() + r * dim * 4);
            }
        });
    }

    @Override
    public void rmsBackward(
            int rows, int dim, Tensor x, Tensor weight, Tensor rstd, Tensor dy, Tensor dx, Tensor dWeight) {
        requireBackward(rows, dim, x, weight, rstd, dy, dx, dWeight);
        backward(rows, dim, x, weight, 0, rstd, dy, dx);
        reduce(rows, dim, x, 0, rstd, dy, dWeight.address(), 0);
    }

    @Override
    public void layerBackward(
            int rows,
            int dim,
            Tensor x,
            Tensor weight,
            Tensor mean,
            Tensor rstd,
            Tensor dy,
            Tensor dx,
            Tensor dWeight,
            @Nullable Tensor dBias) {
        requireBackward(rows, dim, x, weight, rstd, dy, dx, dWeight);
        requireLayer(rows, dim, mean, "dBias", dBias);
        backward(rows, dim, x, weight, mean.address(), rstd, dy, dx);
        reduce(rows, dim, x, mean.address(), rstd, dy, dWeight.address(), dBias == null ? 0 : dBias.address());
    }

    private void shareRows(int rows, int dim, Ranges.RangeTask task) {
        Ranges.share(pool, rows, Math.max(1, GRAIN_ELEMENTS / Math.max(1, dim)), task);
    }

    private static float rstd(float squares, int dim, float eps) {
        return (float) (1 / Math.sqrt((double) squares / dim + eps));
    }

    private static float sum(int dim, long x) {
        FloatVector sum = zero();
        int i = 0;
        for (; i + LANES <= dim; i += LANES) {
            sum = load(x + i * 4L).add(sum);
        }
        if (i < dim) {
            sum = load(x + i * 4L, first(dim - i)).add(sum);
        }
        return Lanes.sum(sum);
    }

    /** Sum of (x - center)². */
    static float squares(int dim, long x, float center) {
        FloatVector sum = zero();
        int i = 0;
        for (; i + LANES <= dim; i += LANES) {
            FloatVector d = load(x + i * 4L).sub(center);
            sum = d.fma(d, sum);
        }
        if (i < dim) {
            VectorMask<Float> tail = first(dim - i);
            FloatVector d = zero().blend(load(x + i * 4L, tail).sub(center), tail);
            sum = d.fma(d, sum);
        }
        return Lanes.sum(sum);
    }

    /** y = (x - center)·scale·weight (+ bias unless its address is 0). */
    static void normalize(int dim, long x, float center, float scale, long weight, long bias, long y) {
        int i = 0;
        for (; i + LANES <= dim; i += LANES) {
            long at = i * 4L;
            FloatVector v = load(x + at).sub(center).mul(scale).mul(load(weight + at));
            store(bias == 0 ? v : v.add(load(bias + at)), y + at);
        }
        if (i < dim) {
            long at = i * 4L;
            VectorMask<Float> tail = first(dim - i);
            FloatVector v = load(x + at, tail).sub(center).mul(scale).mul(load(weight + at, tail));
            store(bias == 0 ? v : v.add(load(bias + at, tail)), y + at, tail);
        }
    }

    /** dx += rstd · (g - mean(g) - n · mean(g·n)), without mean(g) for RMSNorm, whose {@code mean} is 0. */
    private void backward(int rows, int dim, Tensor x, Tensor weight, long mean, Tensor rstd, Tensor dy, Tensor dx) {
        shareRows(rows, dim, (from, to) -> {
            for (long r = from; r < to; r++) {
                long row = r * dim * 4;
                float center = mean == 0 ? 0 : get(mean + r * 4);
                float scale = get(rstd.address() + r * 4);
                backwardRow(
                        dim,
                        x.address() + row,
                        weight.address(),
                        center,
                        scale,
                        mean != 0,
                        dy.address() + row,
                        dx.address() + row);
            }
        });
    }

    private static void backwardRow(
            int dim, long x, long weight, float center, float scale, boolean centered, long dy, long dx) {
        FloatVector sumG = zero();
        FloatVector sumGn = zero();
        int i = 0;
        for (; i + LANES <= dim; i += LANES) {
            long at = i * 4L;
            FloatVector g = load(dy + at).mul(load(weight + at));
            sumG = g.add(sumG);
            sumGn = g.fma(load(x + at).sub(center).mul(scale), sumGn);
        }
        if (i < dim) {
            long at = i * 4L;
            VectorMask<Float> tail = first(dim - i);
            FloatVector g = load(dy + at, tail).mul(load(weight + at, tail));
            sumG = g.add(sumG);
            sumGn = g.fma(load(x + at, tail).sub(center).mul(scale), sumGn);
        }
        float meanG = centered ? Lanes.sum(sumG) / dim : 0;
        float meanGn = Lanes.sum(sumGn) / dim;
        for (i = 0; i + LANES <= dim; i += LANES) {
            long at = i * 4L;
            FloatVector n = load(x + at).sub(center).mul(scale);
            FloatVector g = load(dy + at).mul(load(weight + at)).sub(meanG);
            FloatVector d = n.fma(FloatVector.broadcast(SPECIES, -meanGn), g);
            store(d.fma(FloatVector.broadcast(SPECIES, scale), load(dx + at)), dx + at);
        }
        if (i < dim) {
            long at = i * 4L;
            VectorMask<Float> tail = first(dim - i);
            FloatVector n = load(x + at, tail).sub(center).mul(scale);
            FloatVector g = load(dy + at, tail).mul(load(weight + at, tail)).sub(meanG);
            FloatVector d = n.fma(FloatVector.broadcast(SPECIES, -meanGn), g);
            store(d.fma(FloatVector.broadcast(SPECIES, scale), load(dx + at, tail)), dx + at, tail);
        }
    }

    /** dWeight += sum of dy·n and dBias += sum of dy over the rows, in order; one column vector at a time. */
    private void reduce(int rows, int dim, Tensor x, long mean, Tensor rstd, Tensor dy, long dWeight, long dBias) {
        long grain = (Math.max(1, GRAIN_ELEMENTS / Math.max(1, rows)) + LANES - 1L) / LANES * LANES;
        Ranges.share(pool, dim, grain, (from, to) -> {
            long i = from;
            for (; i + 2L * LANES <= to; i += 2L * LANES) {
                reducePairs(
                        rows,
                        dim,
                        x.address() + i * 4,
                        mean,
                        rstd.address(),
                        dy.address() + i * 4,
                        dWeight + i * 4,
                        dBias == 0 ? 0 : dBias + i * 4);
            }
            for (; i < to; i += LANES) {
                reduceColumns(
                        rows,
                        dim,
                        (int) Math.min(LANES, to - i),
                        x.address() + i * 4,
                        mean,
                        rstd.address(),
                        dy.address() + i * 4,
                        dWeight + i * 4,
                        dBias == 0 ? 0 : dBias + i * 4);
            }
        });
    }

    /** Two column vectors side by side. */
    private static void reducePairs(
            int rows, int dim, long x, long mean, long rstd, long dy, long dWeight, long dBias) {
        FloatVector weights0 = zero();
        FloatVector weights1 = zero();
        FloatVector biases0 = zero();
        FloatVector biases1 = zero();
        for (int r = 0; r < rows; r++) {
            long row = (long) r * dim * 4;
            FloatVector center = mean == 0 ? zero() : broadcast(mean + r * 4L);
            FloatVector scale = broadcast(rstd + r * 4L);
            FloatVector d0 = load(dy + row);
            FloatVector d1 = load(dy + row + BYTES);
            weights0 = d0.fma(load(x + row).sub(center).mul(scale), weights0);
            weights1 = d1.fma(load(x + row + BYTES).sub(center).mul(scale), weights1);
            biases0 = d0.add(biases0);
            biases1 = d1.add(biases1);
        }
        store(load(dWeight).add(weights0), dWeight);
        store(load(dWeight + BYTES).add(weights1), dWeight + BYTES);
        if (dBias != 0) {
            store(load(dBias).add(biases0), dBias);
            store(load(dBias + BYTES).add(biases1), dBias + BYTES);
        }
    }

    private static void reduceColumns(
            int rows, int dim, int count, long x, long mean, long rstd, long dy, long dWeight, long dBias) {
        VectorMask<Float> used = first(count);
        FloatVector weights = zero();
        FloatVector biases = zero();
        for (int r = 0; r < rows; r++) {
            long row = (long) r * dim * 4;
            FloatVector center = mean == 0 ? zero() : broadcast(mean + r * 4L);
            FloatVector n = load(x + row, used).sub(center).mul(broadcast(rstd + r * 4L));
            FloatVector d = load(dy + row, used);
            weights = d.fma(n, weights);
            biases = d.add(biases);
        }
        store(load(dWeight, used).add(weights), dWeight, used);
        if (dBias != 0) {
            store(load(dBias, used).add(biases), dBias, used);
        }
    }
}
