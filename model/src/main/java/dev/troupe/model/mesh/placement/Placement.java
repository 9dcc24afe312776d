package dev.troupe.model.mesh.placement;

import java.util.List;

/**
 * Where the ranks of a mesh are.
 *
 * @param nodes [ranks] name of each rank's node
 * @param why in words: how far each axis reaches, what that costs, and what another order would
 */
public record Placement(List<String> nodes, String why) {
    public Placement {
        nodes = List.copyOf(nodes);
    }
}
