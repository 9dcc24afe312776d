package dev.troupe.model.plan.published;

import java.util.ArrayList;
import java.util.List;

/** All published runs that the planner is compared with. */
public final class PublishedRuns {
    private PublishedRuns() {}

    /** Every row: what is counted of a paper, then what is modelled. */
    public static List<Comparison> compare() {
        List<Comparison> rows = new ArrayList<>();
        rows.addAll(ZeroTable.compare());
        rows.addAll(MegatronRuns.compare());
        rows.addAll(SelectiveRecomputationRuns.compare());
        rows.addAll(ComputeRuns.compare());
        rows.addAll(LlamaRuns.compare());
        return rows;
    }
}
