package dev.troupe.model.mesh;

import dev.troupe.model.parallel.Parts;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.ParameterLayout.Part;
import java.util.ArrayList;
import java.util.List;

/**
 * How the parts of a layout are split over the ranks of the data axis: each part into as many slices as there are
 * ranks, so that every rank has its share of every part; the same slices as an all-reduce has, so sums go in the same
 * order. A rank's slices lie one after the other in its shard.
 */
public final class ShardPlan {
    /**
     * A rank's slice of a part.
     *
     * @param from first element, counted in the part
     * @param to after the last
     * @param shardOffset of the first in the rank's shard
     */
    public record Slice(int part, long from, long to, long shardOffset) {
        public int size() {
            return Math.toIntExact(to - from);
        }
    }

    private final List<long[]> bounds = new ArrayList<>();
    private final List<Slice> slices = new ArrayList<>();
    private final long shardSize;

    /** The plan of rank {@code rank} of {@code ranks}. */
    public ShardPlan(ParameterLayout layout, int rank, int ranks) {
        long offset = 0;
        List<Part> parts = layout.parts();
        for (int part = 0; part < parts.size(); part++) {
            long[] partBounds = Parts.even(parts.get(part).size(), ranks);
            bounds.add(partBounds);
            Slice slice = new Slice(part, partBounds[rank], partBounds[rank + 1], offset);
            slices.add(slice);
            offset += slice.size();
        }
        this.shardSize = offset;
    }

    /** Where the slices of a part begin and end, [ranks + 1]. */
    public long[] bounds(int part) {
        return bounds.get(part).clone();
    }

    /** This rank's slice of a part. */
    public Slice slice(int part) {
        return slices.get(part);
    }

    /** This rank's slices, in order of part. */
    public List<Slice> slices() {
        return List.copyOf(slices);
    }

    /** Elements of this rank's shard. */
    public long shardSize() {
        return shardSize;
    }
}
