package dev.troupe.actors.training.eval;

import dev.troupe.model.data.TokenBatches;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.transformer.TrainingStage;

/**
 * An evaluation under way: sums the losses of each window, and the windows in order, however many are computed at once.
 */
final class EvaluationPass {
    private final HeldOutWindows windows;
    private final int count;
    private int done;
    private double lossSum;
    private long tokens;

    EvaluationPass(HeldOutWindows windows, int wanted) {
        this.windows = windows;
        this.count = windows.count(wanted);
    }

    boolean isFinished() {
        return done == count;
    }

    /** Adds the next windows, at most {@code batch}, and says how many. */
    int advance(TrainingStage stage, int batch) {
        int rows = Math.min(batch, count - done);
        int time = windows.time();
        int[] inputs = new int[rows * time];
        int[] targets = new int[rows * time];
        for (int row = 0; row < rows; row++) {
            windows.read(done + row, count, row, inputs, targets);
        }
        stage.evaluate(inputs, targets);
        Tensor losses = stage.tokenLosses();
        for (int row = 0; row < rows; row++) {
            double windowSum = 0;
            for (int i = row * time; i < (row + 1) * time; i++) {
                if (targets[i] != TokenBatches.IGNORED) {
                    windowSum += losses.get(i);
                    tokens++;
                }
            }
            lossSum += windowSum;
        }
        done += rows;
        return rows;
    }

    /** Mean loss, nats a token. */
    double loss() {
        return lossSum / tokens;
    }

    long tokens() {
        return tokens;
    }
}
