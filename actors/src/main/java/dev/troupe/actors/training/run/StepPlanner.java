package dev.troupe.actors.training.run;

import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.model.data.DataPosition;
import dev.troupe.model.format.TrainingState;
import dev.troupe.model.mesh.StepOrder;
import dev.troupe.model.optim.LossScale;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Says what each step of a run is: which micro-batches, at what rate and loss scale. Not thread-safe. */
public final class StepPlanner {
    private final AccumulationRamp ramp;
    private final long seed;
    private final long tokensPerMicroBatch;
    private final LossScale lossScale;
    private long microBatch; // the next
    private long tokens; // trained on

    /**
     * The steps of a run from its beginning, or from where it is resumed, as if it had come there without a change of
     * its course: those are {@link #recall recalled} from its metrics.
     *
     * @param time tokens of a sequence
     */
    public StepPlanner(TrainingConfig config, int time, @Nullable TrainingState resumed) {
        this.ramp = config.train().ramp();
        this.seed = config.train().seed();
        this.tokensPerMicroBatch = (long) config.train().batch() * time;
        this.lossScale = new LossScale(config.train().lossScale());
        if (resumed != null) {
            microBatch = resumed.position().microBatch();
            tokens = resumed.tokens();
        }
    }

    /** The next step; it is the next one until {@link #done}. */
    public StepOrder next(double learningRate) {
        return new StepOrder(learningRate, microBatch, ramp.at(tokens), lossScale.value());
    }

    /** A step has been taken. */
    public void done(StepOrder order) {
        microBatch = order.end();
        tokens += tokensOf(order);
        lossScale.stepped();
    }

    /** Has the next step, whose gradients overflowed, taken with a smaller loss scale; false when there is none. */
    public boolean shrinkLossScale() {
        boolean smaller = lossScale.canShrink();
        lossScale.overflowed();
        return smaller;
    }

    /** Of the next step. */
    public double lossScale() {
        return lossScale.value();
    }

    /** What the metrics up to this planner's first step tell of the loss scale, and of micro-batches left out there. */
    void recall(List<MetricsLine> lines, long firstStep) {
        for (MetricsLine line : lines) {
            if (line.step() > firstStep) {
                continue;
            }
            if (line instanceof MetricsLine.Step) {
                lossScale.stepped();
            } else if (line instanceof MetricsLine.LossScaled) {
                lossScale.overflowed();
            }
        }
        leaveOut(Rollbacks.of(lines), firstStep);
    }

    /** Leaves out the micro-batches that a run that went back to {@code step}, where this planner is, has seen. */
    void leaveOut(Rollbacks rollbacks, long step) {
        microBatch = rollbacks.microBatchAt(step).orElse(microBatch);
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
