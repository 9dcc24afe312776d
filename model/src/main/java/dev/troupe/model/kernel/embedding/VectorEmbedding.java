package dev.troupe.model.kernel.embedding;

import static dev.troupe.model.kernel.KernelArguments.requireIndices;
import static dev.troupe.model.kernel.KernelArguments.requireMatrix;
import static dev.troupe.model.kernel.vector.Lanes.LANES;

import dev.troupe.model.kernel.parallel.ComputePool;
import dev.troupe.model.kernel.vector.Ranges;
import dev.troupe.model.kernel.vector.Rows;
import dev.troupe.model.tensor.Tensor;

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
                    Rows.add(dim, target, source, target);
                } else {
                    Rows.copy(dim, source, target);
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
                Rows.add((int) (to - from), target, source, target);
            }
        });
    }
}
