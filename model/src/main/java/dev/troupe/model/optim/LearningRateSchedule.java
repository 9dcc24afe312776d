package dev.troupe.model.optim;

/** Linear warm-up, then a cosine down to the lowest rate, then that rate: nanoGPT's rule. Iterations count from 0. */
public final class LearningRateSchedule {
    private final AdamWOptions options;

    public LearningRateSchedule(AdamWOptions options) {
        this.options = options;
    }

    /** The learning rate of an iteration. */
    public double at(long iteration) {
        if (iteration < options.warmupSteps()) {
            return options.learningRate() * (iteration + 1) / (options.warmupSteps() + 1);
        }
        if (iteration >= options.decaySteps()) {
            return options.minLearningRate();
        }
        double progress = (double) (iteration - options.warmupSteps()) / (options.decaySteps() - options.warmupSteps());
        double cosine = 0.5 * (1 + StrictMath.cos(Math.PI * progress)); // from 1 to 0
        return options.minLearningRate() + cosine * (options.learningRate() - options.minLearningRate());
    }
}
