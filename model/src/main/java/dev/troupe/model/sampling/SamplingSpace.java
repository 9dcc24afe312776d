package dev.troupe.model.sampling;

/**
 * Memory as long as a vocabulary that a draw needs and that nothing is kept in: samplers that are not used at once
 * share it. Not thread-safe.
 */
public final class SamplingSpace {
    private float[] logits = new float[0];
    private double[] weights = new double[0]; // exp(logit - max), 0 for tokens that are out
    private TopSelection selection = new TopSelection(0);

    /** Makes room; only a vocabulary of another size needs new memory. */
    void fit(int vocabSize) {
        if (logits.length != vocabSize) {
            logits = new float[vocabSize];
            weights = new double[vocabSize];
            selection = new TopSelection(vocabSize);
        }
    }

    float[] logits() {
        return logits;
    }

    double[] weights() {
        return weights;
    }

    TopSelection selection() {
        return selection;
    }
}
