package dev.troupe.model.tokenizer;

import java.util.Arrays;

/**
 * Which pairs of ids merge into which id, and how early: an open-addressing hash of pairs with keys and values side by
 * side, so that a look-up touches one cache line. Immutable after {@link Builder#build()}.
 */
final class MergeTable {
    /** What {@link #find} returns for a pair that does not merge; above every merge's value. */
    static final long NONE = Long.MAX_VALUE;

    private static final long EMPTY = -1;

    private final long[] slots; // [capacity, 2]: key, value
    private final int mask;
    /** Merges in rank order, for writing: left, right, result. */
    private final int[] merges; // [count, 3]

    private final int[] ranks; // [count]

    private MergeTable(long[] slots, int[] merges, int[] ranks) {
        this.ranks = ranks;
        this.slots = slots;
        this.mask = slots.length / 2 - 1;
        this.merges = merges;
    }

    /** {@code rank << 32 | result} of a pair, or {@link #NONE}; the smaller value merges first. */
    long find(int left, int right) {
        long key = ((long) left << 32) | right;
        int slot = slot(key) & mask;
        while (true) {
            long found = slots[2 * slot];
            if (found == key) {
                return slots[2 * slot + 1];
            }
            if (found == EMPTY) {
                return NONE;
            }
            slot = (slot + 1) & mask;
        }
    }

    int size() {
        return merges.length / 3;
    }

    int left(int index) {
        return merges[3 * index];
    }

    int right(int index) {
        return merges[3 * index + 1];
    }

    int result(int index) {
        return merges[3 * index + 2];
    }

    /** Rank of a merge: the lower merges first, of equal ones the leftmost. */
    int rank(int index) {
        return ranks[index];
    }

    /** Whether the order of the merges says all that their ranks do: each is above the one before. */
    boolean isInOrder() {
        for (int i = 1; i < ranks.length; i++) {
            if (ranks[i] <= ranks[i - 1]) {
                return false;
            }
        }
        return true;
    }

    private static int slot(long key) {
        long mixed = key * 0x9E3779B97F4A7C15L;
        return (int) (mixed >>> 32);
    }

    /** Collects merges, earliest first. */
    static final class Builder {
        private final IntList merges = new IntList(1024);
        private final IntList ranks = new IntList(512);

        /** Adds a merge with the next rank. */
        Builder add(int left, int right, int result) {
            return add(left, right, result, ranks.size());
        }

        /** Adds a merge with a rank of its own, for vocabularies in which several pairs give one token. */
        Builder add(int left, int right, int result, int rank) {
            merges.add(left);
            merges.add(right);
            merges.add(result);
            ranks.add(rank);
            return this;
        }

        /** The table; a pair that was added twice keeps its first rank. */
        MergeTable build() {
            int capacity = Integer.highestOneBit(Math.max(16, 2 * ranks.size())) * 2;
            long[] slots = new long[2 * capacity];
            Arrays.fill(slots, EMPTY);
            for (int i = 0; i < ranks.size(); i++) {
                long key = ((long) merges.get(3 * i) << 32) | merges.get(3 * i + 1);
                int slot = slot(key) & (capacity - 1);
                while (slots[2 * slot] != EMPTY && slots[2 * slot] != key) {
                    slot = (slot + 1) & (capacity - 1);
                }
                if (slots[2 * slot] == EMPTY) {
                    slots[2 * slot] = key;
                    slots[2 * slot + 1] = ((long) ranks.get(i) << 32) | merges.get(3 * i + 2);
                }
            }
            return new MergeTable(slots, merges.toArray(), ranks.toArray());
        }
    }
}
