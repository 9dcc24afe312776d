package dev.troupe.model.mesh;

import dev.troupe.model.parallel.Communicator;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The groups that a rank belongs to. Each is used by one thread of the rank at a time, so what happens at the same time
 * has groups of its own.
 *
 * @param world all ranks, for norms and losses
 * @param tensor shards of the same layers
 * @param gradients ranks with the same parameters, for sums of gradients, beside the backward pass
 * @param weights the same ranks, for parts of weights
 * @param fromPrevious two ranks: the stage before (0) and this one (1), for the residual stream; null on the first
 * @param toNext this stage (0) and the next (1), for the residual stream; null on the last
 * @param fromNext this stage (0) and the next (1), for its gradient; null on the last
 * @param toPrevious the stage before (0) and this one (1), for its gradient; null on the first
 * @param ends the first (0) and the last (1) stage, where both hold the token table; else null
 */
public record RankGroups(
        Communicator world,
        Communicator tensor,
        Communicator gradients,
        Communicator weights,
        @Nullable Communicator fromPrevious,
        @Nullable Communicator toNext,
        @Nullable Communicator fromNext,
        @Nullable Communicator toPrevious,
        @Nullable Communicator ends)
        implements AutoCloseable {
    /** Opens a group: the same name and members on all of them. */
    @FunctionalInterface
    public interface GroupOpener {
        /**
         * Joins it.
         *
         * @param name unique in the mesh
         * @param members ranks of the mesh; the caller's is one of them
         */
        Communicator open(String name, List<Integer> members);
    }

    /** Opens all groups of a rank, in an order that is the same for all ranks of a group. */
    public static RankGroups open(Mesh mesh, int rank, boolean tiedTable, GroupOpener opener) {
        Mesh.Position at = mesh.position(rank);
        List<Integer> all = new ArrayList<>();
        for (int i = 0; i < mesh.ranks(); i++) {
            all.add(i);
        }
        List<Integer> sameData = mesh.dataGroup(at);
        List<Integer> sameLayers = mesh.tensorGroup(at);
        int stage = at.pipeline();
        int last = mesh.pipeline() - 1;
        boolean isEnd = tiedTable && last > 0 && (stage == 0 || stage == last);
        return new RankGroups(
                opener.open("world", all),
                opener.open("tensor-" + sameLayers.getFirst(), sameLayers),
                opener.open("gradients-" + sameData.getFirst(), sameData),
                opener.open("weights-" + sameData.getFirst(), sameData),
                stage == 0 ? null : boundary("forward", mesh, at, stage - 1, opener),
                stage == last ? null : boundary("forward", mesh, at, stage, opener),
                stage == last ? null : boundary("backward", mesh, at, stage, opener),
                stage == 0 ? null : boundary("backward", mesh, at, stage - 1, opener),
                isEnd ? pair("ends", mesh.atStage(at, 0), mesh.atStage(at, last), opener) : null);
    }

    private static Communicator boundary(String direction, Mesh mesh, Mesh.Position at, int stage, GroupOpener opener) {
        return pair(direction, mesh.atStage(at, stage), mesh.atStage(at, stage + 1), opener);
    }

    private static Communicator pair(String name, int first, int second, GroupOpener opener) {
        return opener.open(name + "-" + first + "-" + second, List.of(first, second));
    }

    @Override
    public void close() {
        for (Communicator group :
                new Communicator[] {world, tensor, gradients, weights, fromPrevious, toNext, fromNext, toPrevious, ends
                }) {
            if (group != null) {
                group.close();
            }
        }
    }
}
