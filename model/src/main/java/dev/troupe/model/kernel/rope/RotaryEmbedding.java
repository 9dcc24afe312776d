package dev.troupe.model.kernel.rope;

import dev.troupe.model.tensor.Tensor;

/**
 * Rotary position embedding (arXiv:2104.09864), in place, in the "rotate half" pairing of Hugging Face's Llama: element
 * i of a head turns together with element i + D/2.
 */
public interface RotaryEmbedding {
    /**
     * Turns the first {@code numHeads} heads of each row by its position.
     *
     * @param x rows of {@code stride} elements, the first numHeads·headDim of which are turned
     * @param positions of each row
     * @param table cosines and sines, [maxPositions, headDim]: D/2 cosines, then D/2 sines
     * @param inverse turns back; the backward pass
     */
    void rotate(
            int rows, int numHeads, int headDim, Tensor x, int stride, int[] positions, Tensor table, boolean inverse);
}
