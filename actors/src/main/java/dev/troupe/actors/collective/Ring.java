package dev.troupe.actors.collective;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Chunks that go round: each rank sends to the next and receives from the one before. With n ranks, in step s of 2n -
 * 2, rank r receives chunk (r - s - 2) mod n and passes it on in step s + 1. In the first n - 1 steps it adds what
 * comes to its own, so that rank r holds the whole sum of chunk r after them (reduce-scatter); in the others the sums
 * go round (all-gather). Every rank sends and receives 2 (n - 1) / n of the bytes, the least that is possible:
 * Patarasuk and Yuan, Bandwidth optimal all-reduce algorithms for clusters of workstations, 2009.
 *
 * <p>Chunk c is summed in one order, from left to right: x[c+1] + x[c+2] + ... + x[c+n], ranks mod n.
 *
 * <p>A chunk moves in pieces, which are passed on one by one: the next rank works on the first while this one receives
 * the second, and a piece is in the processor's cache when it is sent. A piece is overwritten by its sum only after
 * that sum has been made from it, so a transfer that sends it has ended by then.
 */
final class Ring {
    /** Small enough for the second-level cache with what it is added to, large enough to hide what a message costs. */
    static final long PIECE_BYTES = 256 << 10;

    private final int rank;
    private final int size;
    private final TensorLink next;
    private final TensorLink previous;

    Ring(LinkGroup group) {
        rank = group.rank();
        size = group.size();
        next = group.link((rank + 1) % size);
        previous = group.link(Math.floorMod(rank - 1, size));
    }

    /**
     * Every rank gets the sums of all chunks.
     *
     * @param bounds [n + 1], in bytes
     */
    void allReduce(MemorySegment values, long[] bounds) {
        turn(Operation.ALL_REDUCE, values, bounds, 0, 2 * size - 2);
    }

    /**
     * Rank r gets the sum of chunk r.
     *
     * @param bounds [n + 1], in bytes
     */
    void reduceScatter(MemorySegment values, long[] bounds) {
        turn(Operation.REDUCE_SCATTER, values, bounds, 0, size - 1);
    }

    /**
     * Rank r gives chunk r, and gets the others.
     *
     * @param bounds [n + 1], in bytes
     */
    void allGather(Operation operation, MemorySegment values, long[] bounds) {
        turn(operation, values, bounds, size - 1, 2 * size - 2);
    }

    private void turn(Operation operation, MemorySegment values, long[] bounds, int firstStep, int endStep) {
        Transfer sent = sendOwn(operation, values, bounds, chunk(firstStep - 1));
        for (int step = firstStep; step < endStep; step++) {
            boolean add = step < size - 1;
            long end = bounds[chunk(step) + 1];
            for (long at = bounds[chunk(step)]; at < end; at += PIECE_BYTES) {
                MemorySegment piece = values.asSlice(at, Math.min(PIECE_BYTES, end - at));
                Transfer received = add ? previous.receiveAndAdd(operation, piece) : previous.receive(operation, piece);
                received.await();
                if (step + 1 < endStep) {
                    sent = next.send(operation, piece);
                }
            }
        }
        if (sent != null) {
            sent.await(); // the last one: those before it have ended
        }
    }

    private @Nullable Transfer sendOwn(Operation operation, MemorySegment values, long[] bounds, int chunk) {
        Transfer sent = null;
        for (long at = bounds[chunk]; at < bounds[chunk + 1]; at += PIECE_BYTES) {
            sent = next.send(operation, values.asSlice(at, Math.min(PIECE_BYTES, bounds[chunk + 1] - at)));
        }
        return sent;
    }

    /** What comes in a step. */
    private int chunk(int step) {
        return Math.floorMod(rank - step - 2, size);
    }

    /** From the root along the ring, each rank passing on what it has received. */
    void broadcast(MemorySegment values, int root) {
        boolean receives = rank != root;
        boolean sends = (rank + 1) % size != root;
        Transfer sent = null;
        for (long at = 0; at < values.byteSize(); at += PIECE_BYTES) {
            MemorySegment piece = values.asSlice(at, Math.min(PIECE_BYTES, values.byteSize() - at));
            if (receives) {
                previous.receive(Operation.BROADCAST, piece).await();
            }
            if (sends) {
                sent = next.send(Operation.BROADCAST, piece);
            }
        }
        if (sent != null) {
            sent.await();
        }
    }
}
