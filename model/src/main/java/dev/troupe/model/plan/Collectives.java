package dev.troupe.model.plan;

/**
 * Time and volume of operations among devices. A ring over n devices moves (n - 1)/n of the bytes through each for an
 * all-gather or a reduce-scatter, and twice that for an all-reduce (arXiv:2211.05102, appendix A.1). Across nodes it is
 * done in two levels: within each node first, then each device with its peers of other nodes for its share.
 */
final class Collectives {
    /** Of a link's rate on its data sheet that transfers reach. */
    private static final double LINK_SHARE = 0.8;

    private static final double INTRA_LATENCY_SECONDS = 5e-6;
    private static final double INTER_LATENCY_SECONDS = 10e-6;

    private final int devicesPerNode;
    private final double intra;
    private final double inter;

    Collectives(Cluster cluster) {
        this.devicesPerNode = cluster.devicesPerNode();
        this.intra = cluster.accelerator().intraBandwidth() * LINK_SHARE;
        this.inter = cluster.accelerator().interBandwidth() * LINK_SHARE;
    }

    /** Bytes that go out of each of n devices, for an all-gather or a reduce-scatter. */
    static double gatherBytes(int devices, double bytes) {
        return (devices - 1.0) / devices * bytes;
    }

    /**
     * Seconds of an all-gather or a reduce-scatter.
     *
     * @param stride distance of two neighbours of the group, in devices
     * @param bytes of the whole result or input, of one device
     */
    double gatherSeconds(int devices, int stride, double bytes) {
        if (devices == 1) {
            return 0;
        }
        int perNode = Math.clamp(devicesPerNode / stride, 1, devices);
        int nodes = Math.ceilDiv(devices, perNode);
        double within = gatherBytes(perNode, bytes) / intra + steps(perNode) * INTRA_LATENCY_SECONDS;
        double across = gatherBytes(nodes, bytes / perNode) / inter + steps(nodes) * INTER_LATENCY_SECONDS;
        return within + across;
    }

    double allReduceSeconds(int devices, int stride, double bytes) {
        return 2 * gatherSeconds(devices, stride, bytes);
    }

    /** Seconds of a message to a device at a distance; all devices of a node send at once. */
    double sendSeconds(int distance, int groupSpan, double bytes) {
        boolean within = distance < devicesPerNode && groupSpan <= devicesPerNode;
        return within ? bytes / intra + INTRA_LATENCY_SECONDS : bytes / inter + INTER_LATENCY_SECONDS;
    }

    private static int steps(int devices) {
        return devices == 1 ? 0 : Integer.SIZE - Integer.numberOfLeadingZeros(devices - 1);
    }
}
