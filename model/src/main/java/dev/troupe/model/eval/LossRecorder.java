package dev.troupe.model.eval;

import java.util.ArrayList;
import java.util.List;

/**
 * Collects the losses of a run of any length in bounded memory: when there are too many samples, neighbours are joined
 * and each sample covers twice as many steps. Continuing from a {@link #curve()} gives the same as never having
 * stopped. Not thread-safe.
 */
public final class LossRecorder {
    /** Even, and more than a chart has pixels. */
    static final int MAX_SAMPLES = 2048;

    private final List<LossSample> training;
    private final List<LossSample> validation;
    private int stepsPerSample;

    private LossRecorder(LossCurve start) {
        this.training = new ArrayList<>(start.training());
        this.validation = new ArrayList<>(start.validation());
        this.stepsPerSample = start.stepsPerSample();
    }

    /** A recorder that goes on from a curve: {@link LossCurve#empty()}, or that of a checkpoint. */
    public static LossRecorder from(LossCurve start) {
        return new LossRecorder(start);
    }

    /** Adds the loss of one training step, nats per token. */
    public void training(long step, long tokens, double loss) {
        LossSample last = training.isEmpty() ? null : training.getLast();
        if (last != null && last.count() < stepsPerSample) {
            training.set(training.size() - 1, join(last, new LossSample(step, tokens, loss, 1)));
            return;
        }
        if (training.size() == MAX_SAMPLES) {
            for (int i = 0; i < MAX_SAMPLES / 2; i++) {
                training.set(i, join(training.get(2 * i), training.get(2 * i + 1)));
            }
            training.subList(MAX_SAMPLES / 2, MAX_SAMPLES).clear();
            stepsPerSample *= 2;
        }
        training.add(new LossSample(step, tokens, loss, 1));
    }

    /** Adds a loss on held-out text: late, after those of later steps, or in place of an earlier one of its step. */
    public void validation(long step, long tokens, double loss) {
        int at = validation.size();
        while (at > 0 && validation.get(at - 1).step() > step) {
            at--;
        }
        LossSample sample = new LossSample(step, tokens, loss, 1);
        if (at > 0 && validation.get(at - 1).step() == step) {
            validation.set(at - 1, sample);
        } else {
            validation.add(at, sample);
        }
    }

    /** All that was recorded. */
    public LossCurve curve() {
        return new LossCurve(stepsPerSample, training, validation);
    }

    private static LossSample join(LossSample a, LossSample b) {
        int count = a.count() + b.count();
        double mean = (a.loss() * a.count() + b.loss() * b.count()) / count;
        return new LossSample(b.step(), b.tokens(), mean, count);
    }
}
