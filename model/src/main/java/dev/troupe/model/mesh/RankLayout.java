package dev.troupe.model.mesh;

import dev.troupe.model.mesh.ShardPlan.Slice;
import dev.troupe.model.parallel.TensorShard;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.ParameterLayout.Part;
import dev.troupe.model.transformer.ParameterLayout.PartKind;
import dev.troupe.model.transformer.ParameterSpec;
import java.util.ArrayList;
import java.util.List;

/**
 * What of the model a rank holds, as a function of the settings and its number.
 *
 * @param rank its number
 * @param zero what is split over the data axis, NONE where that has one rank
 * @param parameters where each parameter of the rank lies when all of them are in memory
 * @param plan how parts are split over the data axis: into one slice where they are not
 * @param pieces what the rank updates of each parameter, in order of the shard, which they fill without gaps
 */
public record RankLayout(
        int rank, ZeroStage zero, ParameterLayout parameters, ShardPlan plan, List<OwnedPiece> pieces) {
    public RankLayout {
        pieces = List.copyOf(pieces);
    }

    /**
     * What a rank updates of a parameter: elements [from, from + length) of {@code spec}, row-major.
     *
     * @param slice of the part that the parameter belongs to
     * @param sliceOffset of the first element in the slice
     * @param first whether this rank is the first of all that hold the same numbers: it counts them, and writes them
     */
    public record OwnedPiece(ParameterSpec spec, Slice slice, long sliceOffset, long from, int length, boolean first) {
        /** Where the first element lies in the rank's shard. */
        public long shardOffset() {
            return slice.shardOffset() + sliceOffset;
        }
    }

    /** The layout of a rank. */
    public static RankLayout of(MeshSettings settings, int rank) {
        Mesh mesh = settings.mesh();
        Mesh.Position at = mesh.position(rank);
        ZeroStage zero = mesh.data() == 1 ? ZeroStage.NONE : settings.zero();
        ParameterLayout parameters = ParameterLayout.of(
                settings.model(),
                StageSplit.of(settings.model(), at.pipeline(), mesh.pipeline()),
                new TensorShard(at.tensor(), mesh.tensor()));
        ShardPlan plan = zero.splitsMoments()
                ? new ShardPlan(parameters, at.data(), mesh.data())
                : new ShardPlan(parameters, 0, 1);
        boolean hasShard = zero.splitsMoments() || at.data() == 0;
        return new RankLayout(rank, zero, parameters, plan, pieces(parameters, plan, hasShard));
    }

    private static List<OwnedPiece> pieces(ParameterLayout parameters, ShardPlan plan, boolean hasShard) {
        List<OwnedPiece> pieces = new ArrayList<>();
        for (Slice slice : plan.slices()) {
            Part part = parameters.parts().get(slice.part());
            boolean isCopy = part.kind() == PartKind.HEAD && parameters.config().tiedEmbeddings();
            for (ParameterSpec spec : part.specs()) {
                boolean hasPart =
                        parameters.shard().rank() == 0 || !spec.slice().isWhole();
                long start = spec.offset() - part.from(); // in the part
                long from = Math.max(slice.from(), start);
                long to = Math.min(slice.to(), start + spec.size());
                if (from < to) {
                    int length = Math.toIntExact(to - from);
                    boolean first = hasShard && hasPart && !isCopy;
                    pieces.add(new OwnedPiece(spec, slice, from - slice.from(), from - start, length, first));
                }
            }
        }
        return pieces;
    }

    /** Elements of the rank's shard of weights, and of each moment. */
    public long shardSize() {
        return plan.shardSize();
    }

    /** Whether the other has the same numbers in the same places: it is this rank, or a replica of it. */
    public boolean holdsTheSameAs(RankLayout other) {
        return zero == other.zero
                && parameters.config().equals(other.parameters.config())
                && parameters.range().equals(other.parameters.range())
                && parameters.shard().equals(other.parameters.shard())
                && plan.slices().equals(other.plan.slices());
    }
}
