package dev.troupe.actors.training.mesh;

import dev.troupe.actors.training.mesh.TrainerProtocol.Fresh;
import dev.troupe.actors.training.mesh.TrainerProtocol.Start;
import dev.troupe.actors.transport.Endpoint;
import dev.troupe.model.mesh.Mesh;
import dev.troupe.model.mesh.StepOrder;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a runner begins.
 *
 * @param origin what ranks go back to when nothing is in memory
 * @param fence epochs are above it
 * @param seating of the runner before, whose states may be in memory; null when there was none
 * @param failures of nodes while they had ranks
 * @param orders of the steps that were taken after {@code origin}
 * @param full mesh that the run is to have where nodes have the memory for it; null for the job's
 * @param cause why another runner has to go on; of no meaning for a new run
 */
public record MeshStart(
        Start origin,
        long fence,
        @Nullable Seating seating,
        List<NodeFailure> failures,
        List<StepOrder> orders,
        @Nullable Mesh full,
        String cause) {
    /** The usual cause. */
    public static final String COORDINATOR_LOST = "the coordinator was lost";

    public MeshStart {
        failures = List.copyOf(failures);
        orders = List.copyOf(orders);
    }

    /** Nodes with a rank that were to blame for the end of the attempt before, by name. */
    List<String> knownLosses() {
        if (seating == null || cause.equals(COORDINATOR_LOST)) {
            return List.of();
        }
        return seating.nodes().stream()
                .map(Endpoint::nodeId)
                .filter(node ->
                        failures.stream().anyMatch(failure -> failure.node().equals(seating.identityOf(node))))
                .toList();
    }

    /** Of a new run. */
    public static MeshStart fresh() {
        return of(new Fresh());
    }

    /** Of a run that begins here. */
    public static MeshStart of(Start origin) {
        return new MeshStart(origin, 0, null, List.of(), List.of(), null, COORDINATOR_LOST);
    }
}
