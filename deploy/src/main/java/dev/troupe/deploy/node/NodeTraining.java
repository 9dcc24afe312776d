package dev.troupe.deploy.node;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Training on a node.
 *
 * @param run null for none
 * @param epoch of the seating
 * @param step steps taken
 * @param ranks of the mesh
 */
public record NodeTraining(@Nullable String run, long epoch, long step, List<Integer> ranks) {
    public NodeTraining {
        ranks = List.copyOf(ranks);
    }
}
