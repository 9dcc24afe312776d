package dev.troupe.model.tokenizer;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Counts of adjacent pairs of ids and, for each, the words that (may) contain it. Pairs are numbered as they appear.
 */
final class PairCounts {
    private long[] keys = new long[1 << 12]; // left << 32 | right
    private long[] counts = new long[1 << 12];
    private @Nullable IntList[] words = new @Nullable IntList[1 << 12];
    private int[] slots = new int[1 << 14]; // pair + 1, 0 when free
    private int size;

    int size() {
        return size;
    }

    int left(int pair) {
        return (int) (keys[pair] >> 32);
    }

    int right(int pair) {
        return (int) keys[pair];
    }

    long count(int pair) {
        return counts[pair];
    }

    /** Adds to a pair's count and returns its number. */
    int add(int left, int right, long delta) {
        long key = ((long) left << 32) | right;
        int slot = slot(key) & (slots.length - 1);
        while (slots[slot] != 0) {
            int pair = slots[slot] - 1;
            if (keys[pair] == key) {
                counts[pair] += delta;
                return pair;
            }
            slot = (slot + 1) & (slots.length - 1);
        }
        if (size == keys.length) {
            keys = Arrays.copyOf(keys, 2 * size);
            counts = Arrays.copyOf(counts, 2 * size);
            words = Arrays.copyOf(words, 2 * size);
        }
        int pair = size++;
        keys[pair] = key;
        counts[pair] = delta;
        slots[slot] = size;
        if (2 * size > slots.length) {
            rehash();
        }
        return pair;
    }

    /** Notes that a word contains a pair. */
    void addWord(int pair, int word) {
        IntList list = words[pair];
        if (list == null) {
            list = new IntList(4);
            words[pair] = list;
        }
        if (list.isEmpty() || list.last() != word) {
            list.add(word);
        }
    }

    /** The words noted for a pair, which are forgotten: some may not contain it any more. */
    IntList takeWords(int pair) {
        IntList list = words[pair];
        words[pair] = null;
        return list == null ? new IntList(0) : list;
    }

    private void rehash() {
        slots = new int[2 * slots.length];
        for (int pair = 0; pair < size; pair++) {
            int slot = slot(keys[pair]) & (slots.length - 1);
            while (slots[slot] != 0) {
                slot = (slot + 1) & (slots.length - 1);
            }
            slots[slot] = pair + 1;
        }
    }

    private static int slot(long key) {
        return (int) ((key * 0x9E3779B97F4A7C15L) >>> 32);
    }
}
