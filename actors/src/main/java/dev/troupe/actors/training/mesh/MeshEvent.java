package dev.troupe.actors.training.mesh;

import dev.troupe.model.mesh.Mesh;
import java.util.List;

/** What happens to the mesh of a run, for whoever shows it. */
public sealed interface MeshEvent {
    /**
     * Ranks were seated for the first time, and are ready.
     *
     * @param step that is taken next
     * @param placement why ranks are where they are
     * @param nodes those that have ranks
     */
    record Seated(long epoch, long step, Seating seating, String placement, double seconds, List<NodeResources> nodes)
            implements MeshEvent {
        public Seated {
            nodes = List.copyOf(nodes);
        }
    }

    /**
     * Something was lost, and the ranks are ready again.
     *
     * @param lost names of nodes that do not answer any more; none when a node failed and still answers
     * @param cause what was noticed first
     * @param step that is taken next: steps after it are taken again
     * @param placement why ranks are where they are
     * @param seconds from when it was noticed
     * @param nodes those that have ranks now
     */
    record Recovered(
            long epoch,
            List<String> lost,
            String cause,
            long step,
            Seating seating,
            String placement,
            double seconds,
            List<NodeResources> nodes)
            implements MeshEvent {
        public Recovered {
            nodes = List.copyOf(nodes);
            lost = List.copyOf(lost);
        }
    }

    /**
     * The run should go on with another mesh, from a checkpoint.
     *
     * @param isUrgent whether no step can be taken on the present one
     */
    record OtherMesh(Mesh mesh, String cause, boolean isUrgent) implements MeshEvent {}

    /**
     * Ranks have to go back to the latest checkpoint, and it is damaged: the run should go on from another.
     *
     * @param message what was lost, and what is wrong with which checkpoint
     */
    record CheckpointDamaged(String message) implements MeshEvent {}

    /**
     * A node with ranks was lost, or failed.
     *
     * @param cause what was noticed first
     * @param failures of this node lately
     * @param isExcluded whether it gets no ranks from now on, because it has failed too often
     */
    record NodeFailed(NodeFailure failure, String cause, int failures, boolean isExcluded) implements MeshEvent {}
}
