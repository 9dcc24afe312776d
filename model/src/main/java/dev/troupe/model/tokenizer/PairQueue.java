package dev.troupe.model.tokenizer;

import java.util.Arrays;
import java.util.List;

/**
 * Pairs by count, most frequent first; among equals the pair whose tokens' bytes are lexicographically greatest, the
 * left token first. Counts are those at the time of the push: whoever pops compares with the present ones.
 */
final class PairQueue {
    private final PairCounts pairs;
    private final List<byte[]> tokens;
    private int[] heap = new int[1 << 12]; // pair
    private long[] counts = new long[1 << 12]; // count at the time of the push
    private int size;

    PairQueue(PairCounts pairs, List<byte[]> tokens) {
        this.pairs = pairs;
        this.tokens = tokens;
    }

    boolean isEmpty() {
        return size == 0;
    }

    int topPair() {
        return heap[0];
    }

    long topCount() {
        return counts[0];
    }

    /** Queues a pair with its present count. */
    void push(int pair) {
        if (size == heap.length) {
            heap = Arrays.copyOf(heap, 2 * size);
            counts = Arrays.copyOf(counts, 2 * size);
        }
        long count = pairs.count(pair);
        int i = size++;
        while (i > 0) {
            int parent = (i - 1) >>> 1;
            if (!before(count, pair, parent)) {
                break;
            }
            heap[i] = heap[parent];
            counts[i] = counts[parent];
            i = parent;
        }
        heap[i] = pair;
        counts[i] = count;
    }

    /** Removes the top. */
    void pop() {
        int pair = heap[--size];
        long count = counts[size];
        int i = 0;
        while (2 * i + 1 < size) {
            int child = 2 * i + 1;
            if (child + 1 < size && before(counts[child + 1], heap[child + 1], child)) {
                child++;
            }
            if (!before(counts[child], heap[child], count, pair)) {
                break;
            }
            heap[i] = heap[child];
            counts[i] = counts[child];
            i = child;
        }
        heap[i] = pair;
        counts[i] = count;
    }

    private boolean before(long count, int pair, int index) {
        return before(count, pair, counts[index], heap[index]);
    }

    private boolean before(long countA, int a, long countB, int b) {
        if (countA != countB) {
            return countA > countB;
        }
        int left = Arrays.compareUnsigned(tokens.get(pairs.left(a)), tokens.get(pairs.left(b)));
        if (left != 0) {
            return left > 0;
        }
        return Arrays.compareUnsigned(tokens.get(pairs.right(a)), tokens.get(pairs.right(b))) > 0;
    }
}
