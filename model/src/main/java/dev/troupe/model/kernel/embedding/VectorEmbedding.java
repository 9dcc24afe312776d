package dev.troupe.model.kernel.embedding;

import static dev.troupe.model.kernel.KernelArguments.requireIndices;
import static dev.troupe.model.kernel.KernelArguments.requireMatrix;
import static dev.troupe.model.kernel.vector.Lanes.LANES;
import static dev.troupe.model.kernel.vector.Lanes.first;
import static dev.troupe.model.kernel.vector.Lanes.load;
import static dev.troupe.model.kernel.vector.Lanes.store;

import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.Ranges;
import dev.troupe.model.tensor.Tensor;
import jdk.incubator.vector.VectorMask;

/** Looks up by rows; sums back by columns, so that every sum runs over the rows in order on one thread. */
public final class VectorEmbedding implements Embedding {
    private static final int GRAIN_ELEMENTS = 16384;

    private final ComputePool pool;

    public VectorEmbedding(ComputePool pool) {
        this.pool = pool;
    }

    @Override
    public void gather(int rows, int dim, int[] indices, Tensor table, Tensor out, boolean accumulate) {
        requireMatrix("out", out, rows, dim, dim);
        requireIndices("indices", indices, rows, 0, dim == 0 ? Integer.MAX_VALUE : table.size() / dim);
        Ranges.share(pool, rows, Math.max(1, GRAIN_ELEMENTS / Math.max(1, dim)), (from, to) -> {
            for (long r = from; r < to; r++) {
                long source = table.address() + (long) indices[(int) r] * dim * 4;
                long target = out.address() + r * dim * 4;
                if (accumulate) {
                    add(dim, source, target);
                } else {
                    copy(dim, source, target);
                }
            }
        });
    }

    @Override
    public void scatterAdd(int rows, int dim, int[] indices, Tensor dOut, Tensor dTable) {
        requireMatrix("dOut", dOut, rows, dim, dim);
        requireIndices("indices", indices, rows, 0, dim == 0 ? Integer.MAX_VALUE : dTable.size() / dim);
        long grain = (Math.max(1, GRAIN_ELEMENTS / Math.max(1, rows)) + LANES - 1L) / LANES * LANES;
        Ranges.share(pool, dim, grain, (from, to) -> {
            for (int r = 0; r < rows; r++) {
                long source = dOut.address() + ((long) r * dim + from) * 4;
                long target = dTable.address() + ((long) indices[r] * dim + from) * 4;
                add((int) (to - from), source, target);
            }
        });
    }

    private static void add(int n, long source, long target) {
        int i = 0;
        for (; i + LANES <= n; i += LANES) {
            store(load(target + i * 4L).add(load(source + i * 4L)), target + i * 4L);
        }
        if (i < n) {
            VectorMask<Float> tail = first(n - i);
            store(load(target + i * 4L, tail).add(load(source + i * 4L, tail)), target + i * 4L, tail);
        }
    }

    private static void copy(int n, long source, long target) {
        int i = 0;
        for (; i + LANES <= n; i += LANES) {
            store(load(source + i * 4L), target + i * 4L);
        }
        if (i < n) {
            VectorMask<Float> tail = first(n - i);
            store(load(source + i * 4L, tail), target + i * 4L, tail);
        }
    }
}
