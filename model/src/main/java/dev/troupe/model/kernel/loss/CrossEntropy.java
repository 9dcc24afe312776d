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
}
