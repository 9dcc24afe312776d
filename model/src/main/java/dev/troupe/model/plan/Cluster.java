package dev.troupe.model.plan;

/**
 * The devices that a plan may use.
 *
 * @param devicesPerNode that share the fast links
 * @param efficiency share of the peak that matrix products reach by themselves
 * @param memoryShare share of a device's memory that a plan may fill; the rest is for libraries and fragmentation
 */
public record Cluster(int devices, int devicesPerNode, Accelerator accelerator, double efficiency, double memoryShare) {
    /**
     * Fitted to the ten rows of table 1 of arXiv:2104.04473 (A100, fp16), the only number of the model of time that
     * was: their rates come out within 10 percent ({@code published} has the comparison).
     */
    public static final double FITTED_EFFICIENCY = 0.66;

    public Cluster {
        PlanArguments.positive("gpus", devices);
        PlanArguments.positive("gpus-per-node", devicesPerNode);
        PlanArguments.share("efficiency", efficiency);
        PlanArguments.share("memory-share", memoryShare);
    }

    /** Bytes that a plan may use of a device. */
    public double usableBytes() {
        return accelerator.memoryBytes() * memoryShare;
    }

    /** Operations a second of matrix products. */
    double sustainedFlops() {
        return accelerator.peakFlops() * efficiency;
    }
}
