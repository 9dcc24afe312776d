package dev.troupe.actors.training.run;

import dev.troupe.actors.training.mesh.NodeFailure;
import dev.troupe.actors.training.mesh.Seating;
import dev.troupe.actors.training.mesh.TrainerProtocol.RecalledStep;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The leading of a run on a cluster: begun by this coordinator, or taken over from one that is lost.
 *
 * @param decisions of this coordinator's term
 * @param takesOver whether the run goes on from where an earlier coordinator has left it
 * @param seating the latest it had; null for none
 * @param failures of nodes until now
 * @param recalled steps that trainer nodes remember, in any order, some of which may not be in the metrics
 */
public record Lead(
        DecisionLog decisions,
        boolean takesOver,
        @Nullable Seating seating,
        List<NodeFailure> failures,
        List<RecalledStep> recalled) {
    public Lead {
        failures = List.copyOf(failures);
        recalled = List.copyOf(recalled);
    }

    /** The same lead of another attempt at the run, with what it has decided until now. */
    Lead again(DecisionLog.History decided) {
        Decision.Seated seated = decided.seated();
        return new Lead(decisions, false, seated == null ? null : seated.seating(), decided.failures(), List.of());
    }

    /** Of a run that begins, or is resumed from a checkpoint. */
    public static Lead fresh(DecisionLog decisions) {
        return new Lead(decisions, false, null, List.of(), List.of());
    }
}
