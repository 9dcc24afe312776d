package dev.troupe.model.parallel;

import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.lang.foreign.MemorySegment;

/**
 * Brings together what ranks have of the columns of one matrix. Numbers are copied, never added, so all have the bits
 * that one rank would have computed. For the thread of one rank.
 */
public final class ColumnExchange {
    private final Communicator ranks;
    private final Tensor room; // parts one after the other: [rows, count(0)], [rows, count(1)], ...

    /**
     * Allocates room.
     *
     * @param maxRows most rows of a matrix
     * @param maxWidth most columns of a matrix, all ranks' together
     */
    public ColumnExchange(Communicator ranks, int maxRows, int maxWidth, TensorArena arena) {
        this.ranks = ranks;
        this.room = arena.allocate(maxRows, maxWidth);
    }

    /** Where this rank writes its part of the matrix that {@link #gather} is called for next: [rows, own columns]. */
    public Tensor own(int rows, ColumnSplit split) {
        return part(rows, split, ranks.rank());
    }

    private Tensor part(int rows, ColumnSplit split, int rank) {
        return room.view((long) rows * split.begin(rank), rows, split.count(rank));
    }

    /** Every rank gets all parts. */
    public void gather(int rows, ColumnSplit split, Tensor to) {
        exchange(rows, split);
        for (int rank = 0; rank < ranks.size(); rank++) {
            copyIn(rows, split, rank, part(rows, split, rank), to);
        }
    }

    /**
     * The same of a matrix that has this rank's columns in their place.
     *
     * @param values [rows, width]
     */
    public void complete(int rows, ColumnSplit split, Tensor values) {
        int self = ranks.rank();
        copyOut(rows, split, self, values, part(rows, split, self));
        exchange(rows, split);
        for (int rank = 0; rank < ranks.size(); rank++) {
            if (rank != self) {
                copyIn(rows, split, rank, part(rows, split, rank), values);
            }
        }
    }

    private void exchange(int rows, ColumnSplit split) {
        long[] bounds = new long[ranks.size() + 1];
        for (int rank = 0; rank < ranks.size(); rank++) {
            bounds[rank + 1] = (long) rows * split.end(rank);
        }
        ranks.allGather(room.view(0, Math.multiplyExact(rows, split.width())), bounds);
    }

    /**
     * Rank 0 gets all parts; it has its own in their place.
     *
     * @param values at rank 0 [rows, width], elsewhere the rank's own part [rows, own columns]
     */
    public void collect(int rows, ColumnSplit split, Tensor values) {
        int self = ranks.rank();
        for (int rank = self == 0 ? 1 : self; rank < (self == 0 ? ranks.size() : self + 1); rank++) {
            int width = split.count(rank);
            int most = Math.toIntExact(Math.max(1, room.size() / width)); // rows that there is room for
            for (int first = 0; first < rows; first += most) {
                int count = Math.min(most, rows - first);
                if (self == 0) {
                    Tensor piece = room.view(0, count, width);
                    ranks.receive(piece, rank);
                    long at = (long) first * split.width();
                    copyIn(count, split, rank, piece, values.view(at, count, split.width()));
                } else {
                    ranks.send(values.view((long) first * width, count, width), 0);
                }
            }
        }
    }

    private static void copyIn(int rows, ColumnSplit split, int rank, Tensor part, Tensor whole) {
        copy(rows, split, rank, part.readOnlySegment(), whole.segment(), true);
    }

    private static void copyOut(int rows, ColumnSplit split, int rank, Tensor whole, Tensor part) {
        copy(rows, split, rank, whole.readOnlySegment(), part.segment(), false);
    }

    private static void copy(
            int rows, ColumnSplit split, int rank, MemorySegment from, MemorySegment to, boolean fromPart) {
        long bytes = (long) split.count(rank) * Float.BYTES;
        for (int row = 0; row < rows; row++) {
            long inPart = row * bytes;
            long inWhole = ((long) row * split.width() + split.begin(rank)) * Float.BYTES;
            MemorySegment.copy(from, fromPart ? inPart : inWhole, to, fromPart ? inWhole : inPart, bytes);
        }
    }
}
