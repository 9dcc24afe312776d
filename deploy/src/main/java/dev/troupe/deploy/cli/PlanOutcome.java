package dev.troupe.deploy.cli;

import dev.troupe.model.plan.Candidate;
import dev.troupe.model.plan.Cluster;
import dev.troupe.model.plan.SearchResult;
import dev.troupe.model.plan.TrainingJob;
import dev.troupe.model.plan.failure.FailureModel;
import dev.troupe.model.plan.failure.GoodputSummary;
import dev.troupe.model.plan.schedule.SimulatedStep;
import org.jspecify.annotations.Nullable;

/**
 * What {@code troupe plan} has to say.
 *
 * @param flops budget that was asked about, if any
 * @param intervalSeconds of work between checkpoints
 * @param step as simulated, with {@code --simulate}
 * @param runs as simulated, with {@code --simulate}
 */
record PlanOutcome(
        TrainingJob job,
        Cluster cluster,
        SearchResult search,
        double tokens,
        @Nullable Double flops,
        FailureModel failures,
        double intervalSeconds,
        long seed,
        @Nullable SimulatedStep step,
        @Nullable GoodputSummary runs) {
    /** The layout that is recommended. */
    Candidate best() {
        return search.fitting().getFirst();
    }

    /** Share of time that is kept. */
    double goodput() {
        return failures.goodput(intervalSeconds);
    }

    double days() {
        return best().step().days(tokens);
    }
}
