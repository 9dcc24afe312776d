package dev.troupe.model.kernel.quantized;

import dev.troupe.model.tensor.StorageType;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;

/**
 * Products like those of {@link WeightProduct} with operands rounded, for all rows of a model: of prompts and of
 * answers. Batch-invariant, so that an answer is the same whether a token was decoded or read again as a prompt.
 */
@FunctionalInterface
public interface RoundedProduct {
    /**
     * Lays a weight out.
     *
     * @param rows W [n, k] as in a GGUF file, row after row; not needed afterwards
     * @param arena for the layout
     * @throws IllegalArgumentException when k does not fill whole blocks or {@code rows} is too short
     */
    RoundedWeight lay(StorageType type, int n, int k, MemorySegment rows, TensorArena arena);
}
