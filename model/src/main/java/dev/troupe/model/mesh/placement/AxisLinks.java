package dev.troupe.model.mesh.placement;

import dev.troupe.model.mesh.Mesh;
import dev.troupe.model.mesh.Mesh.Position;
import dev.troupe.model.plan.StepBytes;
import java.util.ArrayList;
import java.util.List;

/**
 * Which ranks an axis of a mesh has send to which: members of a tensor or data group to the next one of their ring,
 * stages to their neighbours.
 */
final class AxisLinks {
    private final String name;
    private final double bytes;
    private final int[] from; // [links] ranks
    private final int[] to;

    private AxisLinks(String name, double bytes, List<Integer> from, List<Integer> to) {
        this.name = name;
        this.bytes = bytes;
        this.from = from.stream().mapToInt(Integer::intValue).toArray();
        this.to = to.stream().mapToInt(Integer::intValue).toArray();
    }

    /** Those of the axes that have more than one rank. */
    static List<AxisLinks> of(Mesh mesh, StepBytes bytes) {
        List<AxisLinks> axes = new ArrayList<>();
        if (mesh.tensor() > 1) {
            axes.add(rings("tensor", bytes.tensor(), mesh, at -> mesh.tensorGroup(at), Position::tensor));
        }
        if (mesh.data() > 1) {
            axes.add(rings("data", bytes.data(), mesh, at -> mesh.dataGroup(at), Position::data));
        }
        if (mesh.pipeline() > 1) {
            axes.add(stages(mesh, bytes.pipeline() / 2));
        }
        return axes;
    }

    private interface Group {
        List<Integer> of(Position position);
    }

    private interface Index {
        int of(Position position);
    }

    private static AxisLinks rings(String name, double bytes, Mesh mesh, Group group, Index index) {
        List<Integer> from = new ArrayList<>();
        List<Integer> to = new ArrayList<>();
        for (int rank = 0; rank < mesh.ranks(); rank++) {
            Position at = mesh.position(rank);
            List<Integer> members = group.of(at);
            from.add(rank);
            to.add(members.get((index.of(at) + 1) % members.size()));
        }
        return new AxisLinks(name, bytes, from, to);
    }

    private static AxisLinks stages(Mesh mesh, double bytes) {
        List<Integer> from = new ArrayList<>();
        List<Integer> to = new ArrayList<>();
        for (int rank = 0; rank < mesh.ranks(); rank++) {
            Position at = mesh.position(rank);
            if (at.pipeline() + 1 < mesh.pipeline()) {
                int next = mesh.atStage(at, at.pipeline() + 1);
                from.addAll(List.of(rank, next));
                to.addAll(List.of(next, rank));
            }
        }
        return new AxisLinks("pipeline", bytes, from, to);
    }

    /** Of the mesh's configuration. */
    String name() {
        return name;
    }

    /** That go over each link in a step. */
    double bytes() {
        return bytes;
    }

    /** How many there are. */
    int size() {
        return from.length;
    }

    /** The rank that sends over a link. */
    int from(int link) {
        return from[link];
    }

    /** The rank that receives. */
    int to(int link) {
        return to[link];
    }
}
