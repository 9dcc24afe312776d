package dev.troupe.model.kernel.embedding;

import static dev.troupe.model.kernel.KernelArguments.requireIndices;
import static dev.troupe.model.kernel.KernelArguments.requireMatrix;

import dev.troupe.model.tensor.Tensor;

/** The reference: row by row. */
public final class ScalarEmbedding implements Embedding {
    @Override
    public void gather(int rows, int dim, int[] indices, Tensor table, Tensor out, boolean accumulate) {
        requireMatrix("out", out, rows, dim, dim);
        requireIndices("indices", indices, rows, 0, dim == 0 ? Integer.MAX_VALUE : table.size() / dim);
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < dim; i++) {
                long at = (long) r * dim + i;
                float value = table.get((long) indices[r] * dim + i);
                out.set(at, accumulate ? out.get(at) + value : value);
            }
        }
    }

    @Override
    public void scatterAdd(int rows, int dim, int[] indices, Tensor dOut, Tensor dTable) {
        requireMatrix("dOut", dOut, rows, dim, dim);
        requireIndices("indices", indices, rows, 0, dim == 0 ? Integer.MAX_VALUE : dTable.size() / dim);
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < dim; i++) {
                long at = (long) indices[r] * dim + i;
                dTable.set(at, dTable.get(at) + dOut.get((long) r * dim + i));
            }
        }
    }
}
