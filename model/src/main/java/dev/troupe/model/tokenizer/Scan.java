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

    /** {@code \s*[\r\n]+}: white space up to its last line end; -1 when there is no line end in it. */
    static int lines(byte[] utf8, int from, int to) {
        int end = -1;
        for (int i = from; i < to; ) {
            int at = at(utf8, i, to);
            if ((at >> 3 & CharClass.WHITE) == 0) {
                return end;
            }
            i += at & 7;
            end = at >> 3 == CharClass.NEWLINE ? i : end;
        }
        return end;
    }

    /** {@code \p{N}{1,max}} at a number. */
    static int digits(byte[] utf8, int from, int to, int max) {
        int i = from;
        for (int count = 0; count < max && i < to; count++) {
            int at = at(utf8, i, to);
            if (at >> 3 != CharClass.NUMBER) {
                return i;
            }
            i += at & 7;
        }
        return i;
    }

    /**
     * {@code (?i:'s|'t|'re|'ve|'m|'ll|'d)}: the end, or {@code from} when there is none. Ignoring case, U+017F (long s)
     * is an s.
     */
    static int contraction(byte[] utf8, int from, int to) {
        if (from + 1 >= to || utf8[from] != '\'') {
            return from;
        }
        int first = utf8[from + 1] | 0x20;
        if (first == 's' || first == 't' || first == 'm' || first == 'd') {
            return from + 2;
        }
        if (from + 2 >= to) {
            return from;
        }
        if (utf8[from + 1] == (byte) 0xC5 && utf8[from + 2] == (byte) 0xBF) {
            return from + 3;
        }
        int second = utf8[from + 2] | 0x20;
        boolean two = first == 'l' ? second == 'l' : (first == 'r' || first == 'v') && second == 'e';
        return two ? from + 3 : from;
    }
}
