package dev.troupe.model.kernel.loss;

import dev.troupe.model.tensor.Tensor;

/** Softmax and next-token cross-entropy in one pass over [rows, vocab] logits. */
public interface CrossEntropy {
    /** A target that does not count. */
    int IGNORE = -1;

    /** losses[r] = -log softmax(logits[r])[targets[r]], 0 where the target is IGNORE. */
    void forward(int rows, int vocab, Tensor logits, int[] targets, Tensor losses);

    /** As forward, and overwrites logits with scale · (softmax - onehot), zeros where the target is IGNORE. */
    void forwardBackward(int rows, int vocab, Tensor logits, int[] targets, float scale, Tensor losses);

    /**
     * The first half for a part of the vocabulary, where other ranks have the others: overwrites each row's logits by
     * exp(logit - maximum of the row), and writes these maxima and the sums of the exponentials.
     *
     * @param logits [rows, vocab]
     * @param maxima [rows]
     * @param sums [rows]
     */
    default void exponentials(int rows, int vocab, Tensor logits, Tensor maxima, Tensor sums) {
        for (int row = 0; row < rows; row++) {
            long at = (long) row * vocab;
            float max = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < vocab; i++) {
                max = Math.max(max, logits.get(at + i));
            }
            double sum = 0;
            for (int i = 0; i < vocab; i++) {
                float e = (float) Math.exp((double) logits.get(at + i) - max);
                logits.set(at + i, e);
                sum += e;
            }
            maxima.set(row, max);
            sums.set(row, (float) sum);
        }
    }

    /**
     * The second half: logits[r] *= factors[r], and logits[r][targets[r]] -= scale where the target is in this part.
     *
     * @param factors [rows]
     * @param targets {@link #IGNORE} where another rank has it, or none
     */
    default void gradients(int rows, int vocab, Tensor logits, Tensor factors, int[] targets, float scale) {
        for (int row = 0; row < rows; row++) {
            long at = (long) row * vocab;
            for (int i = 0; i < vocab; i++) {
                logits.set(at + i, logits.get(at + i) * factors.get(row));
            }
            if (targets[row] != IGNORE) {
                logits.set(at + targets[row], logits.get(at + targets[row]) - scale);
            }
        }
    }
}
