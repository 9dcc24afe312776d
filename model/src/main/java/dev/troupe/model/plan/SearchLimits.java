package dev.troupe.model.plan;

import org.jspecify.annotations.Nullable;

/**
 * What a search must not choose itself; null for what it may.
 *
 * @param chunks v
 */
public record SearchLimits(
        @Nullable Integer data,
        @Nullable Integer tensor,
        @Nullable Integer pipeline,
        @Nullable Integer microBatch,
        @Nullable Integer chunks,
        @Nullable ZeroStage zero,
        @Nullable Recompute recompute,
        boolean sequenceParallel) {
    public SearchLimits {
        requirePositive("data", data);
        requirePositive("tensor", tensor);
        requirePositive("pipeline", pipeline);
        requirePositive("micro-batch", microBatch);
        requirePositive("interleave", chunks);
    }

    private static void requirePositive(String name, @Nullable Integer value) {
        if (value != null) {
            PlanArguments.positive(name, value);
        }
    }

    /** Everything is free. */
    public static SearchLimits none() {
        return new SearchLimits(null, null, null, null, null, null, null, true);
    }

    boolean allows(Mesh mesh) {
        return matches(data, mesh.data()) && matches(tensor, mesh.tensor()) && matches(pipeline, mesh.pipeline());
    }

    private static boolean matches(@Nullable Integer limit, int size) {
        return limit == null || limit == size;
    }
}
