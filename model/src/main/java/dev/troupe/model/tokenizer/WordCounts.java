package dev.troupe.model.tokenizer;

import java.util.Arrays;

/** How often each distinct piece of text occurred: an open-addressing hash of byte strings kept in one array. */
final class WordCounts {
    private byte[] bytes = new byte[1 << 16];
    private int[] starts = new int[1 << 12]; // [words + 1]
    private long[] counts = new long[1 << 12];
    private int[] hashes = new int[1 << 12];
    private int[] slots = new int[1 << 14]; // word + 1, 0 when free
    private int size;

    /** Number of distinct pieces. */
    int size() {
        return size;
    }

    long count(int word) {
        return counts[word];
    }

    int length(int word) {
        return starts[word + 1] - starts[word];
    }

    /** One byte of a piece, 0 to 255. */
    int byteAt(int word, int index) {
        return bytes[starts[word] + index] & 0xFF;
    }

    void add(byte[] text, int from, int to, long count) {
        int hash = hash(text, from, to);
        int slot = hash & (slots.length - 1);
        while (slots[slot] != 0) {
            int word = slots[slot] - 1;
            if (hashes[word] == hash && Arrays.equals(bytes, starts[word], starts[word + 1], text, from, to)) {
                counts[word] += count;
                return;
            }
            slot = (slot + 1) & (slots.length - 1);
        }
        insert(text, from, to, count, hash, slot);
    }

    void addAll(WordCounts other) {
        for (int word = 0; word < other.size; word++) {
            add(other.bytes, other.starts[word], other.starts[word + 1], other.counts[word]);
        }
    }

    private void insert(byte[] text, int from, int to, long count, int hash, int slot) {
        if (size + 1 == starts.length) {
            starts = Arrays.copyOf(starts, 2 * starts.length);
            counts = Arrays.copyOf(counts, 2 * counts.length);
            hashes = Arrays.copyOf(hashes, 2 * hashes.length);
        }
        int end = Math.addExact(starts[size], to - from);
        if (end > bytes.length) {
            bytes = Arrays.copyOf(bytes, (int) Math.min(Integer.MAX_VALUE - 16, Math.max(end, 2L * bytes.length)));
        }
        System.arraycopy(text, from, bytes, starts[size], to - from);
        starts[size + 1] = end;
        counts[size] = count;
        hashes[size] = hash;
        slots[slot] = ++size;
        if (2 * size > slots.length) {
            rehash();
        }
    }

    private void rehash() {
        slots = new int[2 * slots.length];
        for (int word = 0; word < size; word++) {
            int slot = hashes[word] & (slots.length - 1);
            while (slots[slot] != 0) {
                slot = (slot + 1) & (slots.length - 1);
            }
            slots[slot] = word + 1;
        }
    }

    private static int hash(byte[] text, int from, int to) {
        int hash = to - from;
        for (int i = from; i < to; i++) {
            hash = (hash ^ text[i]) * 0x01000193;
        }
        return hash ^ (hash >>> 15);
    }
}
