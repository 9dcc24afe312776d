package dev.troupe.model.plan.failure;

import java.util.List;

/**
 * Several simulated runs in a few numbers.
 *
 * @param meanGoodput over the runs
 * @param standardError of that mean
 * @param meanFailures of a run
 * @param fastWallSeconds that one run in twenty needs at most
 * @param slowWallSeconds that one run in twenty exceeds
 */
public record GoodputSummary(
        int runs,
        double meanGoodput,
        double standardError,
        double meanFailures,
        double fastWallSeconds,
        double slowWallSeconds) {
    private static final double TAIL = 0.05;

    /** Of at least two runs. */
    public static GoodputSummary of(List<SimulatedRun> runs) {
        int n = runs.size();
        if (n < 2) {
            throw new IllegalArgumentException(n + " runs have no spread: at least 2 are needed");
        }
        double mean = runs.stream().mapToDouble(SimulatedRun::goodput).sum() / n;
        double squares = runs.stream()
                .mapToDouble(run -> (run.goodput() - mean) * (run.goodput() - mean))
                .sum();
        double[] walls =
                runs.stream().mapToDouble(SimulatedRun::wallSeconds).sorted().toArray();
        return new GoodputSummary(
                n,
                mean,
                Math.sqrt(squares / (n - 1) / n),
                runs.stream().mapToInt(SimulatedRun::failures).sum() / (double) n,
                walls[(int) (TAIL * (n - 1))],
                walls[(int) Math.ceil((1 - TAIL) * (n - 1))]);
    }
}
