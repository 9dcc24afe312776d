package dev.troupe.model.optim;

/**
 * AdamW and its schedule.
 *
 * @param learningRate the highest, reached after warm-up
 * @param minLearningRate the lowest, reached at {@code decaySteps} and kept
 * @param weightDecay applied to matrices and embeddings, not to biases and norms
 * @param clipNorm largest L2 norm of the gradient; 0 for no clipping
 * @param warmupSteps steps of linear rise
 * @param decaySteps step at which the cosine ends
 */
public record AdamWOptions(
        double learningRate,
        double minLearningRate,
        double beta1,
        double beta2,
        double epsilon,
        double weightDecay,
        double clipNorm,
        long warmupSteps,
        long decaySteps) {

    public AdamWOptions {
        require(learningRate > 0, "learningRate", learningRate, "positive");
        require(
                minLearningRate >= 0 && minLearningRate <= learningRate,
                "minLearningRate",
                minLearningRate,
                "in [0, learningRate]");
        require(beta1 >= 0 && beta1 < 1, "beta1", beta1, "in [0, 1)");
        require(beta2 >= 0 && beta2 < 1, "beta2", beta2, "in [0, 1)");
        require(epsilon > 0, "epsilon", epsilon, "positive");
        require(weightDecay >= 0, "weightDecay", weightDecay, "at least 0");
        require(clipNorm >= 0, "clipNorm", clipNorm, "at least 0");
        require(warmupSteps >= 0, "warmupSteps", warmupSteps, "at least 0");
        require(decaySteps >= warmupSteps, "decaySteps", decaySteps, "at least warmupSteps");
    }

    /** GPT-3's settings (arXiv:2005.14165, appendix B), decaying to a tenth of the learning rate. */
    public static AdamWOptions gpt3(double learningRate, long warmupSteps, long decaySteps) {
        return new AdamWOptions(learningRate, learningRate / 10, 0.9, 0.95, 1e-8, 0.1, 1.0, warmupSteps, decaySteps);
    }

    private static void require(boolean valid, String name, Number value, String range) {
        if (!valid) {
            throw new IllegalArgumentException("optimizer." + name + " (" + value + ") must be " + range);
        }
    }
}
