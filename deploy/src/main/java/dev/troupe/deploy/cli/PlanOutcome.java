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
        long seed,
        @Nullable SimulatedStep step,
        @Nullable GoodputSummary runs) {
    /** The layout that is recommended. */
    Candidate best() {
        return search.fitting().getFirst();
    }

    /** Share of time that is kept, with checkpoints at Daly's interval. */
    double goodput() {
        return failures.goodput(failures.dalySeconds());
    }

    double days() {
        return best().step().days(tokens);
    }
}
