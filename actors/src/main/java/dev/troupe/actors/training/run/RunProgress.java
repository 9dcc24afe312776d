package dev.troupe.actors.training.run;

import dev.troupe.model.eval.LossCurve;
import dev.troupe.model.eval.LossRecorder;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * The figures of a run that are derived from its steps: curve, mean of the last losses, throughput. Not thread-safe.
 */
public final class RunProgress {
    private static final double THROUGHPUT_SECONDS = 10;

    private record Mark(long nanos, long tokens) {}

    private final int lossWindow;
    private final Deque<Double> lastLosses = new ArrayDeque<>();
    private final LossRecorder recorder;
    private final Deque<Mark> marks = new ArrayDeque<>();
    private final long startTokens;
    private long startNanos;
    private long tokens;

    /**
     * @param lossWindow steps whose mean is the reported training loss
     * @param lastLosses of the steps before a resume, oldest first
     * @param curve until then
     * @param tokens until then
     */
    public RunProgress(int lossWindow, List<Double> lastLosses, LossCurve curve, long tokens) {
        this.lossWindow = lossWindow;
        this.lastLosses.addAll(lastLosses);
        this.recorder = LossRecorder.from(curve);
        this.startTokens = tokens;
        this.tokens = tokens;
    }

    /** Training begins now. */
    public void start(long nanos) {
        startNanos = nanos;
        marks.clear();
        marks.add(new Mark(nanos, tokens));
    }

    /** A step is done. Returns its seconds, from the end of the one before. */
    public double stepDone(long step, double loss, long stepTokens, long nanos) {
        double seconds = (nanos - marks.getLast().nanos()) * 1e-9;
        tokens += stepTokens;
        recorder.training(step, tokens, loss);
        lastLosses.add(loss);
        if (lastLosses.size() > lossWindow) {
            lastLosses.remove();
        }
        marks.add(new Mark(nanos, tokens));
        while (marks.size() > 2 && (nanos - marks.getFirst().nanos()) * 1e-9 > THROUGHPUT_SECONDS) {
            marks.remove();
        }
        return seconds;
    }

    /** A held-out loss is known. */
    public void evaluated(long step, long tokensAtStep, double loss) {
        recorder.validation(step, tokensAtStep, loss);
    }

    public LossCurve curve() {
        return recorder.curve();
    }

    /** Tokens trained on since step 0. */
    public long tokens() {
        return tokens;
    }

    /** Mean loss of the last steps; NaN before the first. */
    public double meanLoss() {
        double sum = 0;
        for (double loss : lastLosses) {
            sum += loss;
        }
        return sum / lastLosses.size();
    }

    /** Over the last seconds; 0 before the first step. */
    public double tokensPerSecond() {
        return rate(marks.getFirst().nanos(), marks.getFirst().tokens());
    }

    /** Of this process's steps; 0 before the first. */
    public double meanTokensPerSecond() {
        return rate(startNanos, startTokens);
    }

    private double rate(long fromNanos, long fromTokens) {
        long nanos = marks.getLast().nanos() - fromNanos;
        return nanos <= 0 ? 0 : (tokens - fromTokens) / (nanos * 1e-9);
    }
}
