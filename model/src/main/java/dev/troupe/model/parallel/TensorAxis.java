package dev.troupe.model.parallel;

import dev.troupe.model.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The axis along which matrices are split (tensor parallelism, arXiv:1909.08053): every rank computes its heads, its
 * part of the MLP's inner width and its part of the vocabulary for the same tokens, and partial results are summed.
 */
public final class TensorAxis {
    /** One rank that holds whole matrices: sums are what they are. */
    public static final TensorAxis WHOLE = new TensorAxis(null);

    private final @Nullable Communicator ranks;
    private long waitNanos;

    private TensorAxis(@Nullable Communicator ranks) {
        this.ranks = ranks;
    }

    /** The axis of these ranks. */
    public static TensorAxis of(Communicator ranks) {
        return ranks.size() == 1 ? WHOLE : new TensorAxis(ranks);
    }

    /** Which part of the model this rank holds. */
    public TensorShard shard() {
        return new TensorShard(rank(), size());
    }

    public int rank() {
        return ranks == null ? 0 : ranks.rank();
    }

    public int size() {
        return ranks == null ? 1 : ranks.size();
    }

    /** Whether there is more than one rank. */
    public boolean isSplit() {
        return ranks != null;
    }

    /** Replaces the first {@code elements} by their sums over all ranks. */
    public void sum(long elements, Tensor values) {
        if (ranks != null) {
            long start = System.nanoTime();
            ranks.allReduce(values.view(0, Math.toIntExact(elements)));
            waitNanos += System.nanoTime() - start;
        }
    }

    /**
     * Brings together what each rank has of {@code values}, [size, n] with its own row filled: afterwards all rows are.
     */
    public void share(int n, Tensor values) {
        if (ranks != null) {
            long[] bounds = new long[size() + 1];
            for (int i = 0; i < bounds.length; i++) {
                bounds[i] = (long) i * n;
            }
            long start = System.nanoTime();
            ranks.allGather(values.view(0, Math.multiplyExact(size(), n)), bounds);
            waitNanos += System.nanoTime() - start;
        }
    }

    /** Time spent in sums and exchanges so far. */
    public long waitNanos() {
        return waitNanos;
    }
}
