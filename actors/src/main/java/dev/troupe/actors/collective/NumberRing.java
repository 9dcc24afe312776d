package dev.troupe.actors.collective;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Gathers a few numbers of every rank. A block of fixed size goes round first, [count, numbers...], which is all there
 * is for norms and losses; what does not fit into it follows in a second round, when all ranks know all counts.
 */
final class NumberRing {
    /** Most numbers of a rank. */
    private static final int MAX_NUMBERS = 65_536;
    /** A block: the count and 63 numbers. */
    private static final int BLOCK = 64;

    private static final long BLOCK_BYTES = BLOCK * (long) Double.BYTES;
    private static final ValueLayout.OfDouble NUMBER =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final int rank;
    private final int size;
    private final LinkGroup group;
    private final Ring ring;

    NumberRing(LinkGroup group, Ring ring) {
        this.rank = group.rank();
        this.size = group.size();
        this.group = group;
        this.ring = ring;
    }

    static void check(double[] own) {
        if (own.length > MAX_NUMBERS) {
            throw new IllegalArgumentException("gather takes up to " + MAX_NUMBERS + " numbers of a rank, not "
                    + own.length + ": send a tensor instead");
        }
    }

    /** The numbers of all ranks, one after the other in order of rank. */
    double[] gather(double[] own) {
        MemorySegment blocks = group.scratch(size * BLOCK_BYTES);
        long mine = rank * BLOCK_BYTES;
        blocks.asSlice(mine, BLOCK_BYTES).fill((byte) 0);
        blocks.set(NUMBER, mine, own.length);
        int first = Math.min(own.length, BLOCK - 1);
        MemorySegment.copy(own, 0, blocks, NUMBER, mine + Double.BYTES, first);
        long[] bounds = new long[size + 1];
        for (int r = 0; r <= size; r++) {
            bounds[r] = r * BLOCK_BYTES;
        }
        ring.allGather(Operation.NUMBERS, blocks, bounds);

        int[] counts = new int[size];
        int total = 0;
        for (int r = 0; r < size; r++) {
            counts[r] = (int) blocks.get(NUMBER, r * BLOCK_BYTES);
            total += counts[r];
        }
        double[] all = new double[total];
        int at = 0;
        for (int r = 0; r < size; r++) {
            int count = Math.min(counts[r], BLOCK - 1);
            MemorySegment.copy(blocks, NUMBER, r * BLOCK_BYTES + Double.BYTES, all, at, count);
            at += counts[r];
        }
        gatherRest(own, counts, all);
        return all;
    }

    private void gatherRest(double[] own, int[] counts, double[] all) {
        long[] bounds = new long[size + 1];
        for (int r = 0; r < size; r++) {
            bounds[r + 1] = bounds[r] + Math.max(0, counts[r] - (BLOCK - 1)) * (long) Double.BYTES;
        }
        if (bounds[size] == 0) {
            return;
        }
        MemorySegment rest = group.scratch(bounds[size]).asSlice(0, bounds[size]);
        if (own.length >= BLOCK) {
            MemorySegment.copy(own, BLOCK - 1, rest, NUMBER, bounds[rank], own.length - (BLOCK - 1));
        }
        ring.allGather(Operation.NUMBERS, rest, bounds);
        int at = 0;
        for (int r = 0; r < size; r++) {
            if (counts[r] >= BLOCK) {
                MemorySegment.copy(rest, NUMBER, bounds[r], all, at + BLOCK - 1, counts[r] - (BLOCK - 1));
            }
            at += counts[r];
        }
    }
}
