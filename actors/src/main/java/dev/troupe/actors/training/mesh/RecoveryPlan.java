package dev.troupe.actors.training.mesh;

import dev.troupe.actors.training.mesh.TrainerProtocol.HeldCopy;
import dev.troupe.actors.training.mesh.TrainerProtocol.Reported;
import dev.troupe.actors.transport.Endpoint;
import dev.troupe.model.mesh.Mesh;
import dev.troupe.model.mesh.ZeroStage;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Finds the latest step of which every rank's state is in the memory of some node that is alive.
 *
 * @param step of the states
 * @param holders [ranks] who has each
 */
public record RecoveryPlan(long step, List<Endpoint> holders) {
    /** The first rank that has the same state: where the optimizer is not split, all replicas of the data axis do. */
    public static int shardOf(int rank, Mesh mesh, ZeroStage zero) {
        Mesh.Position at = mesh.position(rank);
        return zero == ZeroStage.NONE ? mesh.rank(new Mesh.Position(0, at.tensor(), at.pipeline())) : rank;
    }

    /**
     * Empty when some rank's state is lost. A rank takes its own node's copy where there is one.
     *
     * @param latest step that may be gone back to
     */
    public static Optional<RecoveryPlan> of(
            Mesh mesh, ZeroStage zero, Seating seating, Collection<Reported> alive, long latest) {
        TreeMap<Long, Map<Integer, List<Endpoint>>> byStep = new TreeMap<>();
        for (Reported node : alive) {
            for (HeldCopy copy : node.copies()) {
                byStep.computeIfAbsent(copy.step(), _ -> new HashMap<>())
                        .computeIfAbsent(copy.shard(), _ -> new ArrayList<>())
                        .add(node.endpoint());
            }
        }
        for (Map.Entry<Long, Map<Integer, List<Endpoint>>> entry :
                byStep.headMap(latest, true).descendingMap().entrySet()) {
            List<Endpoint> holders = new ArrayList<>();
            for (int rank = 0; rank < mesh.ranks(); rank++) {
                List<Endpoint> having = entry.getValue().getOrDefault(shardOf(rank, mesh, zero), List.of());
                if (having.isEmpty()) {
                    break;
                }
                holders.add(having.contains(seating.of(rank)) ? seating.of(rank) : having.getFirst());
            }
            if (holders.size() == mesh.ranks()) {
                return Optional.of(new RecoveryPlan(entry.getKey(), List.copyOf(holders)));
            }
        }
        return Optional.empty();
    }
}
