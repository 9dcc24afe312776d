package dev.troupe.model.mesh.placement;

import dev.troupe.model.mesh.MeshSettings;
import dev.troupe.model.mesh.PlannedTraining;
import dev.troupe.model.plan.StepBytes;

/**
 * What a rank does in a step.
 *
 * @param bytes that it sends
 * @param flops operations
 * @param threads that a node has for its ranks; 0 for the processors of its machine, shared by all ranks there
 */
public record RankLoad(StepBytes bytes, double flops, int threads) {
    /** By the planner's formulae. */
    public static RankLoad of(MeshSettings settings, int threads) {
        PlannedTraining planned = PlannedTraining.of(settings);
        return new RankLoad(planned.bytes(), planned.flops(), threads);
    }
}
