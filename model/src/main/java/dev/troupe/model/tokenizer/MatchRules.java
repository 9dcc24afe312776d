package dev.troupe.model.tokenizer;

/**
 * What decides, beside its spelling, where an added token is found and what it takes with it: {@code single_word},
 * {@code lstrip} and {@code rstrip} of tokenizer.json.
 *
 * @param singleWord it is not found where a letter, a mark, a digit or a "_" touches it
 * @param stripsLeft white space before it belongs to it
 * @param stripsRight white space after it belongs to it
 */
record MatchRules(boolean singleWord, boolean stripsLeft, boolean stripsRight) {
    static final MatchRules NONE = new MatchRules(false, false, false);

    /** Whether it stands alone in a text, if it lies from {@code start} to {@code end}. */
    boolean admit(byte[] text, int start, int end) {
        return !singleWord
                || ((start == 0 || !isWord(before(text, 0, start) >> 3))
                        && (end == text.length || !isWord(Utf8.decode(text, end, text.length) >> 3)));
    }

    /** Where it begins with the white space that it takes, none of it before {@code from}. */
    int start(byte[] text, int from, int start) {
        int at = start;
        while (stripsLeft && at > from) {
            int decoded = before(text, from, at);
            if (!isWhite(decoded >> 3)) {
                break;
            }
            at -= decoded & 7;
        }
        return at;
    }

    /** Where it ends with the white space that it takes. */
    int end(byte[] text, int end) {
        int at = end;
        while (stripsRight && at < text.length) {
            int decoded = Utf8.decode(text, at, text.length);
            if (!isWhite(decoded >> 3)) {
                break;
            }
            at += decoded & 7;
        }
        return at;
    }

    /** As {@link Utf8#decode}, of the character that ends at {@code end}. */
    private static int before(byte[] text, int from, int end) {
        int start = end - 1;
        while (start > from && end - start < 4 && (text[start] & 0xC0) == 0x80) {
            start--;
        }
        int decoded = Utf8.decode(text, start, end);
        return (decoded & 7) == end - start ? decoded : (Utf8.REPLACEMENT << 3) | 1;
    }

    private static boolean isWhite(int codePoint) {
        return (CharClass.of(codePoint) & CharClass.WHITE) != 0;
    }

    /** {@code \w} as Unicode's technical standard 18 has it. */
    private static boolean isWord(int codePoint) {
        return Character.isAlphabetic(codePoint)
                || CharClass.of(codePoint) == CharClass.MARK
                || Character.getType(codePoint) == Character.DECIMAL_DIGIT_NUMBER
                || Character.getType(codePoint) == Character.CONNECTOR_PUNCTUATION
                || codePoint == 0x200C
                || codePoint == 0x200D;
    }
}
