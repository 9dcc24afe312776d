package dev.troupe.model.transformer;

import dev.troupe.model.kernel.embedding.Embedding;
import dev.troupe.model.kernel.quantized.Dequantization;
import dev.troupe.model.kernel.quantized.Quantization;
import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/** The table of token embeddings, looked up row by row. */
sealed interface EmbeddingRows {
    /** Writes the rows of {@code tokens} to {@code to} [rows, C]. */
    void gather(Embedding embedding, int rows, int[] tokens, Tensor to);

    /**
     * A table whose rows have the type that matrices get: those of its file where they stay readable, else a copy.
     *
     * @param layout of the model's matrices
     */
    static EmbeddingRows of(StoredWeights weights, String name, LinearLayout layout) {
        StoredTensor table = weights.get(name, layout.scratch());
        StorageType type = layout.target(table);
        Optional<TableRows> lasting = weights.lasting(name).map(TableRows::of);
        if (lasting.isPresent()) {
            boolean exact = type == table.type() || type == StorageType.F32;
            return exact ? new Stored(lasting.get()) : new Rounded(lasting.get(), type);
        }
        if (type == StorageType.F32) {
            return new InMemory(weights.floats(name, layout.arena(), table.rows(), table.columns()));
        }
        MemorySegment copy = layout.arena().allocateBytes(table.rows() * type.bytes(table.columns()));
        new StoredRows(type, List.of(table)).writeTo(copy);
        return new Stored(TableRows.of(new StoredTensor(name, type, table.rows(), table.columns(), copy)));
    }

    /** Float32 [V, C]. */
    record InMemory(Tensor table) implements EmbeddingRows {
        @Override
        public void gather(Embedding embedding, int rows, int[] tokens, Tensor to) {
            embedding.gather(rows, table.dim(1), tokens, table, to, false);
        }
    }

    /**
     * As stored, a row unpacked when it is asked for. Of a file hardly more than such rows is ever in memory: a tied
     * head has a layout of its own, and two copies of a large vocabulary would be a third of a small model.
     */
    record Stored(TableRows table) implements EmbeddingRows {
        @Override
        public void gather(Embedding embedding, int rows, int[] tokens, Tensor to) {
            long bytes = table.columns() * 4L;
            MemorySegment out = to.segment();
            for (int row = 0; row < rows; row++) {
                table.read(tokens[row], out.asSlice(row * bytes, bytes));
            }
        }
    }

    /** As stored, a row rounded to another type and unpacked again when it is asked for. */
    record Rounded(TableRows table, StorageType type) implements EmbeddingRows {
        @Override
        public void gather(Embedding embedding, int rows, int[] tokens, Tensor to) {
            int columns = table.columns();
            long bytes = columns * 4L;
            MemorySegment out = to.segment();
            MemorySegment rounded = MemorySegment.ofArray(new byte[Math.toIntExact(type.bytes(columns))]);
            Dequantization numbers = new Dequantization(type, columns);
            for (int row = 0; row < rows; row++) {
                MemorySegment values = out.asSlice(row * bytes, bytes);
                table.read(tokens[row], values);
                Quantization.write(type, columns, values, rounded);
                numbers.read(columns, rounded, values);
            }
        }
    }
}
