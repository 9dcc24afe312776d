package dev.troupe.actors.training.run;

import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.model.data.DataPosition;
import dev.troupe.model.format.TrainingState;
import dev.troupe.model.mesh.StepOrder;
import org.jspecify.annotations.Nullable;

/** Says what each step of a run is: which micro-batches, and at what rate. Not thread-safe. */
public final class StepPlanner {
    private final AccumulationRamp ramp;
    private final long seed;
    private final long tokensPerMicroBatch;
    private long microBatch; // the next
    private long tokens; // trained on

    /**
     * The steps of a run from its beginning, or from where it is resumed.
     *
     * @param time tokens of a sequence
     */
    public StepPlanner(TrainingConfig config, int time, @Nullable TrainingState resumed) {
        this.ramp = config.train().ramp();
        this.seed = config.train().seed();
        this.tokensPerMicroBatch = (long) config.train().batch() * time;
        if (resumed != null) {
            microBatch = resumed.position().microBatch();
            tokens = resumed.tokens();
        }
    }

    /** The next step; it is the next one until {@link #done}. */
    public StepOrder next(double learningRate) {
        return new StepOrder(learningRate, microBatch, ramp.at(tokens));
    }

    /** A step has been taken. */
    public void done(StepOrder order) {
        microBatch = order.end();
        tokens += tokensOf(order);
    }

    /** Tokens of a step. */
    public long tokensOf(StepOrder order) {
        return order.microBatches() * tokensPerMicroBatch;
    }

    /** Tokens of as many steps from now on. */
    public long tokensOf(long steps) {
        return ramp.tokensOf(steps, tokens, tokensPerMicroBatch);
    }

    /** Steps from now on that take the time of so many of the longest steps. */
    public long stepsOf(long fullSteps) {
        return Math.max(1, ramp.stepsOf(fullSteps, tokens, tokensPerMicroBatch));
    }

    /** How much longer the longest step is than this one. */
    public double lengthOfFullStep(StepOrder order) {
        return (double) ramp.to() / order.microBatches();
    }

    /** The next micro-batch. */
    public DataPosition position() {
        return new DataPosition(microBatch, seed);
    }
}
