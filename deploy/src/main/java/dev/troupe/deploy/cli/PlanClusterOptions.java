package dev.troupe.deploy.cli;

import dev.troupe.model.TroupeException;
import dev.troupe.model.plan.Accelerator;
import dev.troupe.model.plan.Cluster;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The devices that are planned for. */
final class PlanClusterOptions {
    @Option(names = "--gpus", paramLabel = "N", description = "devices")
    private @Nullable Integer gpus;

    @Option(
            names = "--gpu",
            paramLabel = "NAME",
            defaultValue = "a100",
            description = "v100, a100, h100 or h200: what the following default to (default: ${DEFAULT-VALUE})")
    private String gpu = "a100";

    @Option(names = "--gpu-memory", paramLabel = "BYTES", description = "memory of a device, such as 80e9")
    private @Nullable Double memory;

    @Option(names = "--peak-flops", paramLabel = "N", description = "dense operations a second of a device")
    private @Nullable Double peak;

    @Option(names = "--memory-bandwidth", paramLabel = "BYTES", description = "bytes a second of a device's memory")
    private @Nullable Double memoryBandwidth;

    @Option(
            names = "--intra-bandwidth",
            paramLabel = "BYTES",
            description = "bytes a second from a device to others of its node, one direction")
    private @Nullable Double intra;

    @Option(
            names = "--inter-bandwidth",
            paramLabel = "BYTES",
            description = "bytes a second from a device to other nodes, one direction")
    private @Nullable Double inter;

    @Option(
            names = "--gpus-per-node",
            paramLabel = "N",
            defaultValue = "8",
            description = "devices of a node (default: ${DEFAULT-VALUE})")
    private int perNode;

    @Option(
            names = "--efficiency",
            paramLabel = "SHARE",
            defaultValue = "" + Cluster.FITTED_EFFICIENCY,
            description =
                    "of the peak that matrix products reach (default: ${DEFAULT-VALUE}, fitted to published runs)")
    private double efficiency;

    @Option(
            names = "--memory-share",
            paramLabel = "SHARE",
            defaultValue = "0.92",
            description = "of a device's memory that may be filled (default: ${DEFAULT-VALUE})")
    private double memoryShare;

    Cluster cluster() {
        if (gpus == null) {
            throw new TroupeException("--gpus is missing: on how many devices?");
        }
        Accelerator known = Accelerator.named(gpu);
        Accelerator device = new Accelerator(
                known.name(),
                memory == null ? known.memoryBytes() : memory,
                peak == null ? known.peakFlops() : peak,
                memoryBandwidth == null ? known.memoryBandwidth() : memoryBandwidth,
                intra == null ? known.intraBandwidth() : intra,
                inter == null ? known.interBandwidth() : inter);
        return new Cluster(gpus, perNode, device, efficiency, memoryShare);
    }
}
