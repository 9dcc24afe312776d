package dev.troupe.deploy.chaos;

import java.util.List;

/**
 * What came of it.
 *
 * @param differingChecksums runs whose final state differs from the undisturbed run's
 * @param recoveries one for each kill, pause and partition
 * @param problems what else was wrong; none when all was well
 */
public record ChaosReport(int differingChecksums, List<Recovery> recoveries, List<String> problems) {
    public ChaosReport {
        recoveries = List.copyOf(recoveries);
        problems = List.copyOf(problems);
    }

    /**
     * What happened to a node, and how the run went on.
     *
     * @param run from 1
     * @param step the last one that was recorded
     * @param node that it happened to
     * @param wasCoordinator whether it led the run
     * @param duringRecovery whether the run was recovering from the kill of another node
     * @param ranks that it had
     * @param statesLost whether a rank's state was lost with it, the other, and those that the cluster has removed with
     *     them: in memory it is on two nodes
     * @param goesOnAt step from which ranks went on
     * @param seconds until a step after that was recorded
     */
    public record Recovery(
            int run,
            long step,
            String node,
            Fault fault,
            boolean wasCoordinator,
            boolean duringRecovery,
            int ranks,
            boolean statesLost,
            long goesOnAt,
            double seconds) {
        /** Whether the run went back further than a loss of this kind may cost. */
        boolean wentTooFarBack() {
            return !statesLost && goesOnAt < step;
        }
    }

    /** How often this has happened. */
    public long count(Fault fault) {
        return recoveries.stream().filter(recovery -> recovery.fault() == fault).count();
    }

    /** Kills of nodes that led a run. */
    public long coordinatorKills() {
        return recoveries.stream()
                .filter(recovery -> recovery.fault() == Fault.KILL && recovery.wasCoordinator())
                .count();
    }

    /** Kills of nodes while the run recovered from the kill of another. */
    public long killsDuringRecovery() {
        return recoveries.stream().filter(Recovery::duringRecovery).count();
    }

    /** How many of them took the only other copy of a state, so that the run went on from a checkpoint. */
    public long statesLost() {
        return recoveries.stream()
                .filter(recovery -> recovery.duringRecovery() && recovery.statesLost())
                .count();
    }

    /** The middle recovery; 0 without any. */
    public double medianSeconds() {
        List<Double> sorted =
                recoveries.stream().map(Recovery::seconds).sorted().toList();
        int middle = sorted.size() / 2;
        if (sorted.isEmpty()) {
            return 0;
        }
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    /** The longest recovery; 0 without any. */
    public double maxSeconds() {
        return recoveries.stream().mapToDouble(Recovery::seconds).max().orElse(0);
    }

    /** Whether every run ended as the undisturbed one, and nothing else was wrong. */
    public boolean isGood() {
        return differingChecksums == 0 && problems.isEmpty();
    }
}
