package dev.troupe.actors.training.run;

import dev.troupe.actors.training.TrainingConfig;
import dev.troupe.actors.training.eval.Evaluator;
import dev.troupe.model.mesh.StepOrder;
import dev.troupe.model.optim.LearningRateSchedule;

/**
 * How many steps a run has, and with that its learning rates. With a time budget the first steps are measured, at the
 * schedule's warm-up and highest rate, and then the number of steps is fixed, once: checkpoints carry it, so that a
 * resumed run has the same schedule. Not thread-safe.
 */
public final class RunLength {
    /** Batches of windows of the evaluation that is measured then. */
    private static final int REHEARSED_BATCHES = 8;

    private final TrainingConfig config;
    private final RunAssembly run;
    private final StepMeasure measure;
    private final double learningRateFactor;
    private final double budgetSeconds;
    private long totalSteps;
    private LearningRateSchedule schedule;

    /** Of a run that begins with this. */
    public RunLength(TrainingConfig config, RunAssembly run) {
        this.config = config;
        this.run = run;
        this.budgetSeconds = config.train().minutes() * 60;
        this.measure = new StepMeasure(budgetSeconds);
        this.learningRateFactor = run.rollbacks().learningRateFactor();
        this.totalSteps = run.position().totalSteps();
        this.schedule = scheduleOf(totalSteps);
    }

    private LearningRateSchedule scheduleOf(long steps) {
        return new LearningRateSchedule(RunAssembly.optimizerOptions(config, steps));
    }

    /** Whether a time budget has not been turned into steps yet. */
    public boolean isUnfixed() {
        return totalSteps == 0;
    }

    /** 0 while it {@link #isUnfixed}. */
    public long totalSteps() {
        return totalSteps;
    }

    /** Whether a run that has taken so many steps is over. */
    public boolean isOver(long step) {
        return !isUnfixed() && step >= totalSteps;
    }

    /** Of the step after so many. */
    public double learningRate(long step) {
        return schedule.at(step) * learningRateFactor;
    }

    /** A step has taken so long. */
    public void measured(StepOrder order, double seconds) {
        if (isUnfixed()) {
            measure.add(seconds * run.planner().lengthOfFullStep(order));
        }
    }

    /** Steps after so many; an estimate while it {@link #isUnfixed}. */
    public long stepsToCome(long step, double elapsedSeconds) {
        return isUnfixed() ? run.planner().stepsOf(measure.remainingSteps(elapsedSeconds)) : totalSteps - step;
    }

    /** Whether enough is measured to fix the number of steps, an evaluation apart. */
    public boolean isMeasured(double elapsedSeconds) {
        return isUnfixed() && measure.isEnough(elapsedSeconds);
    }

    /** Windows of an evaluation that tells how long one takes. */
    public int rehearsalWindows() {
        return Math.min(finalWindows(), REHEARSED_BATCHES * run.parts().evaluationBatch());
    }

    private int finalWindows() {
        return run.windows().count(config.eval().finalWindows());
    }

    /** A typical step. */
    public double secondsPerStep() {
        return measure.secondsPerStep();
    }

    /**
     * Fixes the number of steps, after so many of them.
     *
     * @param evaluatesItself whether evaluations during training take time from it; those of other nodes take none
     */
    public void fix(long step, Evaluator.Evaluated rehearsal, double elapsedSeconds, boolean evaluatesItself) {
        StepBudget budget = new StepBudget(
                measure.secondsPerStep(),
                rehearsal.secondsPerWindow(),
                evaluatesItself ? config.eval().everySteps() : 0,
                run.windows().count(config.eval().windows()),
                finalWindows());
        totalSteps = step + run.planner().stepsOf(budget.steps(budgetSeconds - elapsedSeconds));
        schedule = scheduleOf(totalSteps);
    }
}
