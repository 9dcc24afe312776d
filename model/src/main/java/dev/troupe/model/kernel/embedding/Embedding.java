package dev.troupe.model.kernel.embedding;

import dev.troupe.model.tensor.Tensor;

/** Rows of a table by index, and the sum of gradients back into it. */
public interface Embedding {
    /** out[r] = table[indices[r]] (+ out[r] when {@code accumulate}); table [n, dim], out [rows, dim]. */
    void gather(int rows, int dim, int[] indices, Tensor table, Tensor out, boolean accumulate);

    /** dTable[indices[r]] += dOut[r], rows in order, whatever the number of threads. */
    void scatterAdd(int rows, int dim, int[] indices, Tensor dOut, Tensor dTable);
}
