package dev.troupe.model.transformer;

import java.util.List;

/**
 * One named parameter.
 *
 * @param name as Hugging Face's files have it
 * @param shape in memory order; matrices are [out, in]
 * @param offset of its first element in the flat tensor
 * @param size number of elements
 * @param slice which part of the whole model's parameter this is
 * @param decay whether weight decay applies: to matrices and embeddings, not to biases and norms
 */
public record ParameterSpec(
        String name, List<Integer> shape, long offset, long size, ParameterSlice slice, boolean decay, Init init) {
    public ParameterSpec {
        shape = List.copyOf(shape);
    }

    /** Offset of the element after the last. */
    public long end() {
        return offset + size;
    }
}
