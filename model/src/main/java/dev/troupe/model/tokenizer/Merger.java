package dev.troupe.model.tokenizer;

/**
 * Applies merges to one piece of text: the pair with the lowest rank first, the leftmost among equals, until none
 * merges. Holds scratch space; one per thread and call.
 *
 * <p>Short pieces shift arrays (quadratic, but all in the first-level cache); long ones (an unbroken megabyte is a
 * legal piece) use a linked list and a heap, in O(n log n).
 */
final class Merger {
    private static final int LONG_PIECE = 192;
    private static final int[] NO_IDS = {};
    private static final long[] NO_VALUES = {};

    private final MergeTable merges;
    private int[] ids = NO_IDS; // grows with the first piece: most texts find all of theirs in the cache
    private long[] values = NO_VALUES;
    private int size;

    Merger(MergeTable merges) {
        this.merges = merges;
    }

    /** Starts a piece of {@code numSymbols} symbols. */
    void start(int numSymbols) {
        if (numSymbols > ids.length) {
            int capacity = Math.max(64, Math.max(numSymbols, 2 * ids.length));
            ids = new int[capacity];
            values = new long[capacity];
        }
        size = numSymbols;
    }

    /** Sets one of the symbols that the piece starts from. */
    void set(int index, int id) {
        ids[index] = id;
    }

    /** The ids; valid up to {@link #size()} until the next piece. */
    int[] ids() {
        return ids;
    }

    int size() {
        return size;
    }

    /** Merges until nothing merges. */
    void merge() {
        if (size > LONG_PIECE) {
            mergeLong();
        } else if (size > 1) {
            mergeShort();
        }
    }

    private void mergeShort() {
        int n = size;
        for (int i = 0; i + 1 < n; i++) {
            values[i] = merges.find(ids[i], ids[i + 1]);
        }
        while (n > 1) {
            long best = values[0];
            int at = 0;
            for (int i = 1; i + 1 < n; i++) {
                // Compare ranks only: of equal ranks the leftmost merges first.
                if (values[i] >> 32 < best >> 32) {
                    best = values[i];
                    at = i;
                }
            }
            if (best == MergeTable.NONE) {
                break;
            }
            ids[at] = (int) best;
            n--;
            System.arraycopy(ids, at + 2, ids, at + 1, n - at - 1);
            if (at + 1 < n) {
                System.arraycopy(values, at + 2, values, at + 1, n - at - 2);
                values[at] = merges.find(ids[at], ids[at + 1]);
            }
            if (at > 0) {
                values[at - 1] = merges.find(ids[at - 1], ids[at]);
            }
        }
        size = n;
    }

    private void mergeLong() {
        int n = size;
        int[] next = new int[n];
        int[] previous = new int[n];
        LongHeap heap = new LongHeap(n);
        for (int i = 0; i < n; i++) {
            previous[i] = i - 1;
            next[i] = i + 1;
            values[i] = i + 1 < n ? merges.find(ids[i], ids[i + 1]) : MergeTable.NONE;
            push(heap, i);
        }
        while (!heap.isEmpty()) {
            long top = heap.pop();
            int at = (int) top;
            if (ids[at] < 0 || values[at] >> 32 != top >> 32) {
                continue; // a symbol that is gone, or a pair that has changed since
            }
            ids[at] = (int) values[at];
            int gone = next[at];
            ids[gone] = -1;
            int after = next[gone];
            next[at] = after;
            if (after < n) {
                previous[after] = at;
            }
            values[at] = after < n ? merges.find(ids[at], ids[after]) : MergeTable.NONE;
            push(heap, at);
            int before = previous[at];
            if (before >= 0) {
                values[before] = merges.find(ids[before], ids[at]);
                push(heap, before);
            }
        }
        int kept = 0;
        for (int i = 0; i < n; i = next[i]) {
            ids[kept++] = ids[i];
        }
        size = kept;
    }

    /** Queues the pair at a position by rank, then by position. */
    private void push(LongHeap heap, int at) {
        if (values[at] != MergeTable.NONE) {
            heap.push((values[at] >> 32 << 32) | at);
        }
    }
}
