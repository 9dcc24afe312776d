package dev.troupe.model.tokenizer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The ids of pieces that were merged before. Natural text repeats its words, so nearly every piece is found here.
 *
 * <p>A direct-mapped table of immutable entries, read and written by any thread without locks: entries have only final
 * fields, so a racing reader sees a whole entry, an older one or none, and each of the three is right.
 */
final class WordCache {
    /** Longer pieces are rare and are merged each time. */
    static final int MAX_LENGTH = 64;

    private static final int SLOTS = 1 << 17;
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final @Nullable Word[] words = new @Nullable Word[SLOTS];

    /** One piece and its ids. */
    static final class Word {
        private final long head;
        private final long tail;
        private final byte[] key;
        private final int first;
        private final int @Nullable [] more;

        private Word(long head, long tail, byte[] key, int[] ids) {
            this.head = head;
            this.tail = tail;
            this.key = key;
            this.first = ids[0];
            this.more = ids.length == 1 ? null : ids;
        }

        void appendTo(IntList out) {
            if (more == null) {
                out.add(first);
            } else {
                out.addAll(more, 0, more.length);
            }
        }
    }

    /** The entry of a piece of at most {@link #MAX_LENGTH} bytes, or null. */
    @Nullable Word get(byte[] text, int from, int to) {
        int length = to - from;
        long head = head(text, from, length);
        long tail = length > 8 ? (long) LONGS.get(text, to - 8) : 0;
        Word word = words[slot(text, from, length, head, tail)];
        if (word == null || word.head != head || word.tail != tail || word.key.length != length) {
            return null;
        }
        // Up to sixteen bytes, head, tail and length say it all.
        return length <= 16 || Arrays.equals(word.key, 0, length, text, from, to) ? word : null;
    }

    void put(byte[] text, int from, int to, int[] ids) {
        int length = to - from;
        long head = head(text, from, length);
        long tail = length > 8 ? (long) LONGS.get(text, to - 8) : 0;
        words[slot(text, from, length, head, tail)] = new Word(head, tail, Arrays.copyOfRange(text, from, to), ids);
    }

    /** The first eight bytes, zeros after the end of a shorter piece. */
    private static long head(byte[] text, int from, int length) {
        if (length >= 8) {
            return (long) LONGS.get(text, from);
        }
        if (from + 8 <= text.length) {
            return (long) LONGS.get(text, from) & ((1L << (8 * length)) - 1);
        }
        long head = 0;
        for (int i = 0; i < length; i++) {
            head |= (text[from + i] & 0xFFL) << (8 * i);
        }
        return head;
    }

    private static int slot(byte[] text, int from, int length, long head, long tail) {
        long hash = (head ^ length) * 0x9E3779B97F4A7C15L;
        if (length > 8) {
            hash = (Long.rotateLeft(hash, 29) ^ tail) * 0xBF58476D1CE4E5B9L;
        }
        if (length > 16) {
            hash = (Long.rotateLeft(hash, 29) ^ (long) LONGS.get(text, from + (length >> 1) - 4)) * 0x94D049BB133111EBL;
        }
        return (int) (hash >>> 47);
    }
}
