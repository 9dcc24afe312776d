package dev.troupe.model.grammar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** Sets of Unicode characters, and their UTF-8 as transitions. Surrogates are no characters. */
final class CodePoints {
    static final int MAX = 0x10FFFF;

    private static final int FIRST_SURROGATE = 0xD800;
    private static final int LAST_SURROGATE = 0xDFFF;
    private static final int NUM_ASCII = 0x80;
    /** Largest character of one, two, three and four bytes. */
    private static final int[] LARGEST = {0x7F, 0x7FF, 0xFFFF, MAX};

    /** Characters [from, to]. */
    record Range(int from, int to) {}

    private CodePoints() {}

    /** All characters beyond ASCII. */
    static List<Range> beyondAscii() {
        return List.of(new Range(NUM_ASCII, FIRST_SURROGATE - 1), new Range(LAST_SURROGATE + 1, MAX));
    }

    /** The ranges of a set, without surrogates. */
    static List<Range> ranges(BitSet set) {
        List<Range> ranges = new ArrayList<>();
        BitSet characters = (BitSet) set.clone();
        characters.clear(FIRST_SURROGATE, LAST_SURROGATE + 1);
        for (int from = characters.nextSetBit(0); from >= 0; ) {
            int to = characters.nextClearBit(from);
            ranges.add(new Range(from, to - 1));
            from = characters.nextSetBit(to);
        }
        return ranges;
    }

    /** Transitions for one character of a range, which has no surrogates. */
    static void utf8(GrammarBuilder grammar, int start, Range range, int end) {
        int from = range.from();
        for (int length = 1; length <= LARGEST.length && from <= range.to(); length++) {
            int to = Math.min(range.to(), LARGEST[length - 1]);
            if (from <= to) {
                sameLength(grammar, start, from, to, length, end);
                from = to + 1;
            }
        }
    }

    /** Splits a range until each of its bytes is a range of its own (the method of RE2's UTF-8 compiler). */
    private static void sameLength(GrammarBuilder grammar, int start, int from, int to, int length, int end) {
        for (int tail = 1; tail < length; tail++) {
            int block = (1 << (6 * tail)) - 1; // what the last `tail` bytes say
            if ((from & ~block) != (to & ~block)) {
                if ((from & block) != 0) {
                    sameLength(grammar, start, from, from | block, length, end);
                    sameLength(grammar, start, (from | block) + 1, to, length, end);
                    return;
                }
                if ((to & block) != block) {
                    sameLength(grammar, start, from, (to & ~block) - 1, length, end);
                    sameLength(grammar, start, to & ~block, to, length, end);
                    return;
                }
            }
        }
        byte[] low = Character.toString(from).getBytes(StandardCharsets.UTF_8);
        byte[] high = Character.toString(to).getBytes(StandardCharsets.UTF_8);
        int at = start;
        for (int i = 0; i < length; i++) {
            int next = i == length - 1 ? end : grammar.state();
            grammar.bytes(at, low[i] & 0xFF, high[i] & 0xFF, next);
            at = next;
        }
    }
}
