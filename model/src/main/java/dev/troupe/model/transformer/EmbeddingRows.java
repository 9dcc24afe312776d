package dev.troupe.model.transformer;

import dev.troupe.model.kernel.embedding.Embedding;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/** The table of token embeddings, looked up row by row. */
sealed interface EmbeddingRows {
    /** Writes the rows of {@code tokens} to {@code to} [rows, C]. */
    void gather(Embedding embedding, int rows, int[] tokens, Tensor to);

    /** A table that stays in its file where it comes from one, else a copy. */
    static EmbeddingRows of(StoredWeights weights, String name, int vocabSize, int dim, TensorArena arena) {
        return weights.lasting(name)
                .<EmbeddingRows>map(InFile::new)
                .orElseGet(() -> new InMemory(weights.floats(name, arena, vocabSize, dim)));
    }

    /** Float32 [V, C]. */
    record InMemory(Tensor table) implements EmbeddingRows {
        @Override
        public void gather(Embedding embedding, int rows, int[] tokens, Tensor to) {
            embedding.gather(rows, table.dim(1), tokens, table, to, false);
        }
    }

    /**
     * In the type of the file, of which only the pages of rows that were asked for are ever in memory: a tied head has
     * a layout of its own, and two copies of a large vocabulary would be a third of a small model.
     */
    record InFile(StoredTensor table) implements EmbeddingRows {
        @Override
        public void gather(Embedding embedding, int rows, int[] tokens, Tensor to) {
            long bytes = table.columns() * 4L;
            MemorySegment out = to.segment();
            for (int row = 0; row < rows; row++) {
                Objects.checkIndex(tokens[row], table.rows());
                table.readRow(tokens[row], out.asSlice(row * bytes, bytes));
            }
        }
    }
}
