package dev.troupe.model.plan;

/**
 * A step of training in numbers.
 *
 * @param tensor what tensor parallelism moves
 * @param pipeline what the pipeline moves
 * @param data what data parallelism moves
 * @param tokensPerSecond over all devices
 * @param utilization MFU: the model's operations over what the devices' peak could do in that time (arXiv:2204.02311)
 * @param hardwareUtilization HFU: with what is computed again
 */
public record StepEstimate(
        StepParts parts,
        AxisTraffic tensor,
        AxisTraffic pipeline,
        AxisTraffic data,
        double tokensPerSecond,
        double utilization,
        double hardwareUtilization) {
    /** Of the whole step. */
    public double seconds() {
        return parts.total();
    }

    /** Seconds that a device's links are busy, over the axes. */
    public double linkSeconds() {
        return tensor.seconds() + pipeline.seconds() + data.seconds();
    }

    /** Days for a number of tokens, without failures. */
    public double days(double tokens) {
        return tokens / tokensPerSecond / Units.SECONDS_PER_DAY;
    }
}
