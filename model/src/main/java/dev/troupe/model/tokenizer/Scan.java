package dev.troupe.model.tokenizer;

/** The steps that pre-tokenizer scanners share: the class at a position, runs of classes, white space. */
final class Scan {
    private Scan() {}

    /** The class at a position and the character's length, packed as {@code class << 3 | length}. */
    static int at(byte[] utf8, int position, int to) {
        int b = utf8[position];
        if (b >= 0) {
            return (CharClass.ofAscii(b) << 3) | 1;
        }
        int decoded = Utf8.decode(utf8, position, to);
        return (CharClass.of(decoded >> 3) << 3) | (decoded & 7);
    }

    /** The first position at or after {@code position} whose class is not in the mask. */
    static int run(byte[] utf8, int position, int to, int mask) {
        int i = position;
        while (i < to) {
            int b = utf8[i];
            if (b >= 0) {
                if ((CharClass.ofAscii(b) & mask) == 0) {
                    return i;
                }
                i++;
            } else {
                int decoded = Utf8.decode(utf8, i, to);
                if ((CharClass.of(decoded >> 3) & mask) == 0) {
                    return i;
                }
                i += decoded & 7;
            }
        }
        return i;
    }

    /**
     * {@code \s+(?!\S)|\s+}: white space that text follows leaves its last character to that text, unless it is the
     * only one.
     */
    static int whiteSpace(byte[] utf8, int from, int to) {
        int end = run(utf8, from, to, CharClass.WHITE);
        if (end == to) {
            return end;
        }
        int last = end - 1;
        while (last > from && (utf8[last] & 0xC0) == 0x80) {
            last--;
        }
        return last > from ? last : end;
    }
}
