package dev.troupe.model.plan.failure;

import dev.troupe.model.TroupeException;
import dev.troupe.model.plan.PlanArguments;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * Plays a run from failure to failure: segments of work, each closed by a checkpoint; a failure undoes the open segment
 * and is followed by a restart. Times between failures are drawn from an exponential distribution; the draws are a
 * function of the seed.
 */
public final class FailureSimulator {
    /** More than a run can survive and end: a plan whose simulation comes here would never end. */
    private static final int MOST_FAILURES = 10_000_000;

    /** Minutes of simulation. */
    private static final double MOST_SEGMENTS = 1e9;

    private final FailureModel model;
    private final RandomGenerator random;
    private double untilFailure;
    private int failures;
    private double lost;
    private double restarting;

    private FailureSimulator(FailureModel model, RandomGenerator random) {
        this.model = model;
        this.random = random;
        draw();
    }

    /**
     * Plays several runs of the same work.
     *
     * @param intervalSeconds of work between checkpoints
     * @param workSeconds of the whole run without failures and checkpoints
     * @throws TroupeException when the runs would not end
     */
    public static List<SimulatedRun> run(
            FailureModel model, double intervalSeconds, double workSeconds, long seed, int runs) {
        PlanArguments.positive("checkpoint interval", intervalSeconds);
        PlanArguments.positive("work", workSeconds);
        if (runs * workSeconds / intervalSeconds > MOST_SEGMENTS) {
            throw new TroupeException("the work is too long to be simulated: " + runs * workSeconds / intervalSeconds
                    + " checkpoints; fewer tokens or more devices would do");
        }
        SplittableRandom seeds = new SplittableRandom(seed);
        List<SimulatedRun> results = new ArrayList<>();
        for (int i = 0; i < runs; i++) {
            results.add(new FailureSimulator(model, seeds.split()).play(intervalSeconds, workSeconds));
        }
        return results;
    }

    private SimulatedRun play(double interval, double work) {
        double done = 0;
        double checkpoints = 0;
        while (done < work) {
            double segment = Math.min(interval, work - done);
            if (passes(segment + model.checkpointSeconds())) {
                done += segment;
                checkpoints += model.checkpointSeconds();
            } else {
                restart();
            }
        }
        return new SimulatedRun(work, checkpoints, lost, restarting, failures);
    }

    /** Whether nothing fails for so long; what was begun is lost otherwise. */
    private boolean passes(double seconds) {
        if (untilFailure > seconds) {
            untilFailure -= seconds;
            return true;
        }
        lost += untilFailure;
        fail();
        return false;
    }

    /** Starts again until it succeeds. */
    private void restart() {
        while (untilFailure <= model.restartSeconds()) {
            restarting += untilFailure;
            fail();
        }
        untilFailure -= model.restartSeconds();
        restarting += model.restartSeconds();
    }

    private void fail() {
        if (++failures > MOST_FAILURES) {
            throw new TroupeException("a simulated run failed " + MOST_FAILURES
                    + " times and did not end: devices fail too often for it (mtbf-hours)");
        }
        draw();
    }

    private void draw() {
        untilFailure = random.nextExponential() * model.mtbfSeconds();
    }
}
