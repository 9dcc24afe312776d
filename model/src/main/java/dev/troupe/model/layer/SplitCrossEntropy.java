package dev.troupe.model.layer;

import dev.troupe.model.kernel.loss.CrossEntropy;
import dev.troupe.model.parallel.TensorAxis;
import dev.troupe.model.parallel.TensorShard;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;

/**
 * Cross-entropy where each rank of the tensor axis has the logits of its part of the vocabulary (arXiv:1909.08053,
 * section 3). Three numbers a row go around instead of the logits: the largest logit of the part, the sum of its
 * exponentials over that, and the target's own logit, from the rank that has it. All ranks then compute the same loss,
 * parts in order of rank, in float64.
 *
 * <p>P = ranks, N = rows of the chunk.
 */
final class SplitCrossEntropy {
    private final CrossEntropy kernel;
    private final TensorAxis axis;
    private final int firstToken;
    private final int endToken;
    private final int vocab;
    private final Tensor maxima; // [N]
    private final Tensor sums; // [N]
    private final Tensor factors; // [N]
    private final Tensor shared; // [P, 3·N]: maxima, sums, logits of the targets
    private final int[] ownTargets; // [N], in this part, or IGNORE

    SplitCrossEntropy(CrossEntropy kernel, TensorAxis axis, int vocabulary, int maxRows, TensorArena arena) {
        TensorShard shard = axis.shard();
        this.kernel = kernel;
        this.axis = axis;
        this.firstToken = shard.begin(vocabulary);
        this.endToken = shard.end(vocabulary);
        this.vocab = endToken - firstToken;
        this.maxima = arena.allocate(maxRows);
        this.sums = arena.allocate(maxRows);
        this.factors = arena.allocate(maxRows);
        this.shared = arena.allocate(axis.size(), 3 * maxRows);
        this.ownTargets = new int[maxRows];
    }

    /** As {@link CrossEntropy#forward}, with the logits [rows, own vocabulary], which are used up. */
    void forward(int rows, Tensor logits, int[] targets, Tensor losses) {
        exchange(rows, logits, targets);
        combine(rows, targets, 0, losses);
    }

    /** As {@link CrossEntropy#forwardBackward}. */
    void forwardBackward(int rows, Tensor logits, int[] targets, float scale, Tensor losses) {
        exchange(rows, logits, targets);
        combine(rows, targets, scale, losses);
        kernel.gradients(rows, vocab, logits, factors, ownTargets, scale);
    }

    private void exchange(int rows, Tensor logits, int[] targets) {
        long own = (long) axis.rank() * 3 * rows;
        for (int row = 0; row < rows; row++) {
            int target = targets[row];
            boolean isOwn = target >= firstToken && target < endToken;
            ownTargets[row] = isOwn ? target - firstToken : CrossEntropy.IGNORE;
            shared.set(own + 2L * rows + row, isOwn ? logits.get((long) row * vocab + ownTargets[row]) : 0);
        }
        kernel.exponentials(rows, vocab, logits, maxima, sums);
        shared.view(own, rows).copyFrom(maxima.view(0, rows));
        shared.view(own + rows, rows).copyFrom(sums.view(0, rows));
        axis.share(3 * rows, shared);
    }

    /** Writes the losses, and what this rank's exponentials must be multiplied by to become scale · softmax. */
    private void combine(int rows, int[] targets, float scale, Tensor losses) {
        for (int row = 0; row < rows; row++) {
            if (targets[row] == CrossEntropy.IGNORE) {
                losses.set(row, 0);
                factors.set(row, 0);
                continue;
            }
            double max = Double.NEGATIVE_INFINITY;
            double target = 0;
            for (int rank = 0; rank < axis.size(); rank++) {
                max = Math.max(max, shared.get(at(rank, 0, rows) + row));
                target += shared.get(at(rank, 2, rows) + row);
            }
            double sum = 0;
            for (int rank = 0; rank < axis.size(); rank++) {
                sum += shared.get(at(rank, 1, rows) + row) * Math.exp(shared.get(at(rank, 0, rows) + row) - max);
            }
            losses.set(row, (float) (Math.log(sum) + max - target));
            factors.set(row, (float) (scale * Math.exp(maxima.get(row) - max) / sum));
        }
    }

    private static long at(int rank, int part, int rows) {
        return (3L * rank + part) * rows;
    }
}
