package dev.troupe.model.plan;

import dev.troupe.model.TroupeException;
import java.util.List;

/**
 * A device and its links, as data sheets give them; rates are for one direction.
 *
 * @param memoryBytes of the device
 * @param peakFlops dense operations a second in the precision of training
 * @param memoryBandwidth bytes a second
 * @param intraBandwidth bytes a second of one device to others of its node
 * @param interBandwidth bytes a second of one device to other nodes
 */
public record Accelerator(
        String name,
        double memoryBytes,
        double peakFlops,
        double memoryBandwidth,
        double intraBandwidth,
        double interBandwidth) {
    /**
     * In bf16 (fp16 on V100), SXM with NVLink, and the network that was sold with each: 100, 200 and 400 Gbit/s a
     * device. Sources: NVIDIA's data sheets of V100, A100 80 GB, H100 and H200.
     */
    private static final List<Accelerator> KNOWN = List.of(
            new Accelerator("v100", 32e9, 125e12, 0.9e12, 150e9, 12.5e9),
            new Accelerator("a100", 80e9, 312e12, 2.039e12, 300e9, 25e9),
            new Accelerator("h100", 80e9, 989e12, 3.35e12, 450e9, 50e9),
            new Accelerator("h200", 141e9, 989e12, 4.8e12, 450e9, 50e9));

    public Accelerator {
        PlanArguments.positive("gpu-memory", memoryBytes);
        PlanArguments.positive("peak-flops", peakFlops);
        PlanArguments.positive("memory-bandwidth", memoryBandwidth);
        PlanArguments.positive("intra-bandwidth", intraBandwidth);
        PlanArguments.positive("inter-bandwidth", interBandwidth);
    }

    /**
     * The device of a name.
     *
     * @throws TroupeException when none is called so; its message lists the names
     */
    public static Accelerator named(String name) {
        return KNOWN.stream()
                .filter(known -> known.name.equals(name))
                .findFirst()
                .orElseThrow(() -> new TroupeException("gpu \"" + name + "\" is unknown; there is "
                        + String.join(
                                ", ", KNOWN.stream().map(Accelerator::name).toList())
                        + "; for another give its --gpu-memory, --peak-flops, --memory-bandwidth, --intra-bandwidth and"
                        + " --inter-bandwidth"));
    }
}
