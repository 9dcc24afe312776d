package dev.troupe.deploy.chaos;

import dev.troupe.model.TroupeException;
import dev.troupe.model.mesh.Mesh;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What is done to which run.
 *
 * @param kills in all runs together, with SIGKILL
 * @param duringRecovery how many of them hit a node while the run recovers from the kill of another
 * @param pauses in all runs together: a node stands still, by SIGSTOP, until the cluster has removed it, and wakes
 * @param partitions in all runs together: a node is cut off from all others until they have removed it
 * @param seed of the choice of nodes and moments
 * @param nodes of the cluster, each a JVM
 * @param mesh data x tensor x pipeline
 * @param zero stage
 * @param steps of a run
 * @param patienceSeconds without a new step after which a run has stalled
 */
public record ChaosSettings(
        int kills,
        int duringRecovery,
        int pauses,
        int partitions,
        long seed,
        int nodes,
        String mesh,
        int zero,
        int steps,
        int patienceSeconds) {
    private static final int NODES_TO_LOSE_TWO = 5;

    public ChaosSettings {
        Mesh.parse(mesh);
        if (Math.min(kills, Math.min(pauses, partitions)) < 0
                || kills + pauses + partitions < 1
                || steps < 1
                || patienceSeconds < 1) {
            throw new TroupeException(
                    "--kills, --pauses or --partitions, and --steps and --patience want at least 1, and none less than 0");
        }
        if (duringRecovery < 0 || 2 * duringRecovery > kills) {
            throw new TroupeException("--during-recovery is " + duringRecovery + " of " + kills
                    + " kills, but each of these wants a kill to recover from: at most half of --kills");
        }
        if (duringRecovery > 0 && nodes < NODES_TO_LOSE_TWO) {
            throw new TroupeException(
                    "--nodes is " + nodes + ", but with --during-recovery two are gone at once, and the"
                            + " others must be more than half: it wants at least " + NODES_TO_LOSE_TWO);
        }
        if (nodes < 3) {
            throw new TroupeException("--nodes is " + nodes
                    + ", but a cluster of two cannot tell the loss of a node from a partition: it wants at least 3");
        }
    }

    /** What is done one after the other, kind by kind: all but the kills during a recovery. */
    List<Fault> faults() {
        List<Fault> faults = new ArrayList<>(Collections.nCopies(kills - duringRecovery, Fault.KILL));
        faults.addAll(Collections.nCopies(pauses, Fault.PAUSE));
        faults.addAll(Collections.nCopies(partitions, Fault.PARTITION));
        return faults;
    }
}
