package dev.troupe.model.kernel.loss;

import static dev.troupe.model.kernel.KernelArguments.requireIndices;
import static dev.troupe.model.kernel.KernelArguments.requireMatrix;
import static dev.troupe.model.kernel.KernelArguments.requireSize;

import dev.troupe.model.tensor.Tensor;

/** The reference: log-sum-exp around the maximum, in float64. */
public final class ScalarCrossEntropy implements CrossEntropy {
    @Override
    public void forward(int rows, int vocab, Tensor logits, int[] targets, Tensor losses) {
        check(rows, vocab, logits, targets, losses);
        for (int r = 0; r < rows; r++) {
            losses.set(r, loss(r, vocab, logits, targets[r]));
        }
    }

    @Override
    public void forwardBackward(int rows, int vocab, Tensor logits, int[] targets, float scale, Tensor losses) {
        check(rows, vocab, logits, targets, losses);
        for (int r = 0; r < rows; r++) {
            long row = (long) r * vocab;
            losses.set(r, loss(r, vocab, logits, targets[r]));
            double logSumExp = targets[r] == IGNORE ? 0 : logSumExp(row, vocab, logits);
            for (int i = 0; i < vocab; i++) {
                double probability = targets[r] == IGNORE ? 0 : Math.exp(logits.get(row + i) - logSumExp);
                logits.set(row + i, (float) (scale * (probability - (i == targets[r] ? 1 : 0))));
            }
        }
    }

    private static float loss(int r, int vocab, Tensor logits, int target) {
        long row = (long) r * vocab;
        return target == IGNORE ? 0 : (float) (logSumExp(row, vocab, logits) - logits.get(row + target));
    }

    private static double logSumExp(long row, int vocab, Tensor logits) {
        double max = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < vocab; i++) {
            max = Math.max(max, logits.get(row + i));
        }
        double sum = 0;
        for (int i = 0; i < vocab; i++) {
            sum += Math.exp(logits.get(row + i) - max);
        }
        return max + Math.log(sum);
    }

    private static void check(int rows, int vocab, Tensor logits, int[] targets, Tensor losses) {
        requireMatrix("logits", logits, rows, vocab, vocab);
        requireSize("losses", losses, rows);
        requireIndices("targets", targets, rows, IGNORE, vocab);
    }
}
