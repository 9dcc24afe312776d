package dev.troupe.model.plan.schedule;

import java.util.List;

/**
 * What a simulated step took.
 *
 * @param stepSeconds until the last stage has updated its weights
 * @param pipelineSeconds until the last pass has ended
 * @param busySeconds of each stage with passes
 * @param peakChunks most micro-batches in flight of each stage, counted once for each of its chunks
 * @param tasks passes that were run
 */
public record SimulatedStep(
        double stepSeconds, double pipelineSeconds, List<Double> busySeconds, List<Integer> peakChunks, int tasks) {
    public SimulatedStep {
        busySeconds = List.copyOf(busySeconds);
        peakChunks = List.copyOf(peakChunks);
    }

    /** The share of the pipeline's time, over all stages, in which they wait. */
    public double idleShare() {
        double busy = busySeconds.stream().mapToDouble(Double::doubleValue).sum();
        return 1 - busy / (pipelineSeconds * busySeconds.size());
    }
}
