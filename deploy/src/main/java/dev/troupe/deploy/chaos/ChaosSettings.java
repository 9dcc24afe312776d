package dev.troupe.deploy.chaos;

import dev.troupe.model.TroupeException;
import dev.troupe.model.mesh.Mesh;

/**
 * What is done to which run.
 *
 * @param kills in all runs together, with SIGKILL
 * @param pauses in all runs together: a node stands still, by SIGSTOP, until the cluster has removed it, and wakes
 * @param seed of the choice of nodes and moments
 * @param nodes of the cluster, each a JVM
 * @param mesh data x tensor x pipeline
 * @param zero stage
 * @param steps of a run
 * @param patienceSeconds without a new step after which a run has stalled
 */
public record ChaosSettings(
        int kills, int pauses, long seed, int nodes, String mesh, int zero, int steps, int patienceSeconds) {
    public ChaosSettings {
        Mesh.parse(mesh);
        if (kills < 0 || pauses < 0 || kills + pauses < 1 || steps < 1 || patienceSeconds < 1) {
            throw new TroupeException("--kills or --pauses, --steps and --patience want at least 1");
        }
        if (nodes < 3) {
            throw new TroupeException("--nodes is " + nodes
                    + ", but a cluster of two cannot tell the loss of a node from a partition: it wants at least 3");
        }
    }

    /** All that is done. */
    int faults() {
        return kills + pauses;
    }
}
