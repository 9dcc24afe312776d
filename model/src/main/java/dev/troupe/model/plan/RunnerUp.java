package dev.troupe.model.plan;

import java.util.Locale;
import java.util.Map;

/** Why another candidate is not the plan, in words. */
public final class RunnerUp {
    private static final double GIGA = 1e9;

    private RunnerUp() {}

    /**
     * What limits another candidate: of the parts of its step, the one that it loses most time with; of those that are
     * as fast, busier links.
     *
     * @param best the plan
     */
    public static String slower(Candidate best, Candidate other) {
        if (other.step().seconds() <= best.step().seconds() * (1 + PlanSearch.SAME)) {
            return String.format(
                    Locale.ROOT,
                    "as fast within %.0f %%, with links busy for %.2f s of a step against %.2f",
                    100 * PlanSearch.SAME,
                    other.step().linkSeconds(),
                    best.step().linkSeconds());
        }
        Map<String, Double> bestParts = best.step().parts().byName();
        Map<String, Double> otherParts = other.step().parts().byName();
        String limit = "";
        double most = Double.NEGATIVE_INFINITY;
        for (Map.Entry<String, Double> part : otherParts.entrySet()) {
            double more = part.getValue() - bestParts.getOrDefault(part.getKey(), 0.0);
            if (more > most) {
                most = more;
                limit = part.getKey();
            }
        }
        double seconds = best.step().seconds();
        return String.format(
                Locale.ROOT,
                "%.1f %% slower: %s %.1f %% of the plan's step against %.1f %%",
                100 * (other.step().seconds() / seconds - 1),
                limit,
                100 * otherParts.getOrDefault(limit, 0.0) / seconds,
                100 * bestParts.getOrDefault(limit, 0.0) / seconds);
    }

    /** What a candidate that does not fit needs most of its memory for, when it needs least. */
    public static String tooLarge(Candidate candidate, double usableBytes) {
        MemoryEstimate memory = candidate.memory();
        double states = memory.weights() + memory.gradients() + memory.optimizer();
        boolean statesAreMore = states > memory.activations() + memory.workspace();
        return String.format(
                Locale.ROOT,
                "does not fit: at least %.1f GB of %.1f, %.1f of them %s",
                memory.total() / GIGA,
                usableBytes / GIGA,
                (statesAreMore ? states : memory.activations() + memory.workspace()) / GIGA,
                statesAreMore ? "weights, gradients and optimizer" : "activations");
    }
}
