package dev.troupe.actors.training.eval;

import dev.troupe.model.data.TokenBatches;
import dev.troupe.model.eval.HeldOutScores;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.transformer.TrainingStage;
import java.util.function.IntUnaryOperator;

/**
 * An evaluation under way: sums the losses of each window, and the windows in order, however many are computed at once.
 */
final class EvaluationPass {
    private final HeldOutWindows windows;
    private final int count;
    private final IntUnaryOperator bytesOfToken;
    private final double[] lossOfPosition; // [T], sums
    private final long[] tokensOfPosition; // [T]
    private int done;
    private double lossSum;
    private long tokens;
    private long bytes;

    EvaluationPass(HeldOutWindows windows, int wanted) {
        this(windows, wanted, token -> 0);
    }

    /** @param bytesOfToken UTF-8 bytes that a token stands for */
    EvaluationPass(HeldOutWindows windows, int wanted, IntUnaryOperator bytesOfToken) {
        this.windows = windows;
        this.count = windows.count(wanted);
        this.bytesOfToken = bytesOfToken;
        this.lossOfPosition = new double[windows.time()];
        this.tokensOfPosition = new long[windows.time()];
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
            for (int t = 0; t < time; t++) {
                int i = row * time + t;
                if (targets[i] != TokenBatches.IGNORED) {
                    float loss = losses.get(i);
                    windowSum += loss;
                    lossOfPosition[t] += loss;
                    tokensOfPosition[t]++;
                    bytes += bytesOfToken.applyAsInt(targets[i]);
                    tokens++;
                }
            }
            lossSum += windowSum;
        }
        done += rows;
        return rows;
    }

    /** Windows that were evaluated. */
    int windows() {
        return done;
    }

    /** Mean loss, nats a token. */
    double loss() {
        return lossSum / tokens;
    }

    long tokens() {
        return tokens;
    }

    /** All that the pass says. */
    HeldOutScores scores() {
        int time = lossOfPosition.length;
        int quarter = Math.ceilDiv(time, 4);
        return new HeldOutScores(loss(), tokens, bytes, loss(0, quarter), loss(time - quarter, time));
    }

    /** Mean loss of the positions [from, to). */
    private double loss(int from, int to) {
        double sum = 0;
        long counted = 0;
        for (int t = from; t < to; t++) {
            sum += lossOfPosition[t];
            counted += tokensOfPosition[t];
        }
        return sum / counted;
    }
}
