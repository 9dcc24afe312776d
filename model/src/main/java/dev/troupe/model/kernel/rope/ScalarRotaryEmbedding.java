package dev.troupe.model.kernel.rope;

import dev.troupe.model.tensor.Tensor;

/** The reference: one pair at a time. */
public final class ScalarRotaryEmbedding implements RotaryEmbedding {
    @Override
    public void rotate(
            int rows, int numHeads, int headDim, Tensor x, int stride, int[] positions, Tensor table, boolean inverse) {
        RotaryArguments.check(rows, numHeads, headDim, x, stride, positions, table);
        int half = headDim / 2;
        for (int r = 0; r < rows; r++) {
            long angles = (long) positions[r] * headDim;
            for (int h = 0; h < numHeads; h++) {
                long head = (long) r * stride + (long) h * headDim;
                for (int i = 0; i < half; i++) {
                    float cos = table.get(angles + i);
                    float sin = inverse ? -table.get(angles + half + i) : table.get(angles + half + i);
                    float first = x.get(head + i);
                    float second = x.get(head + half + i);
                    x.set(head + i, first * cos - second * sin);
                    x.set(head + half + i, second * cos + first * sin);
                }
            }
        }
    }
}
